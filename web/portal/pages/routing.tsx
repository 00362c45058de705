/** How calls are spread: a dry run with weights of one's own, the latest decisions, and the pools. */

import { type RoutingDecision, RoutingService } from "#gen/polygate/v1/routing_pb.js";
import { Link, useParam } from "#web/data/address.tsx";
import { timeOfDay } from "#web/data/format.ts";
import { useRead } from "#web/data/refresh.ts";
import { DryRun } from "#web/pages/dry-run.tsx";
import { Pools } from "#web/pages/pools.tsx";
import { Decision } from "#web/parts/decision.tsx";
import { Region } from "#web/parts/region.tsx";
import { Table } from "#web/parts/table.tsx";

const pageSize = 50;

/** All of it. */
export function Routing() {
  return (
    <>
      <DryRun />
      <Decisions />
      <Pools />
    </>
  );
}

const idOf = ({ requestId, attempt, time }: RoutingDecision) =>
  `${requestId} ${attempt} ${time?.seconds}.${time?.nanos}`;

function Decisions() {
  const [chosen, choose] = useParam("decision");
  const read = useRead(RoutingService.method.listDecisions, { pageSize });
  return (
    <section className="panel" aria-labelledby="decisions">
      <h2 id="decisions">Latest decisions</h2>
      <Region
        read={read}
        lines={8}
        isEmpty={({ decisions }) => decisions.length === 0}
        empty="No call was routed yet. Each try of a chat is a decision."
      >
        {({ decisions }) => {
          const shown = decisions.find((decision) => idOf(decision) === chosen);
          return (
            <>
              {shown !== undefined && (
                <div className="card">
                  <div className="panel-head">
                    <h3>
                      Why {shown.provider}, {timeOfDay(shown.time)}
                    </h3>
                    <button type="button" onClick={() => choose("")}>
                      Close
                    </button>
                  </div>
                  <Decision decision={shown} />
                </div>
              )}
              <DecisionTable decisions={decisions} chosen={chosen} choose={choose} />
            </>
          );
        }}
      </Region>
    </section>
  );
}

function DecisionTable(props: {
  readonly decisions: readonly RoutingDecision[];
  readonly chosen: string;
  readonly choose: (id: string) => void;
}) {
  const { decisions, chosen, choose } = props;
  return (
    <Table
      label="Decisions, the newest first"
      rows={decisions}
      keyOf={idOf}
      rowClass={(row) => (idOf(row) === chosen ? "chosen" : undefined)}
      columns={[
        {
          head: "Time",
          cell: (row) => (
            <button type="button" className="link mono" onClick={() => choose(idOf(row))}>
              {timeOfDay(row.time)}
            </button>
          ),
        },
        { head: "Route", cell: ({ route }) => route || "default" },
        { head: "Strategy", cell: ({ strategy }) => strategy },
        {
          head: "Chosen",
          cell: ({ provider, endpoint }) =>
            endpoint === provider ? provider : `${provider} ${endpoint}`,
        },
        { head: "Model", cell: ({ model }) => model || "–" },
        { head: "Decided by", cell: ({ decidedBy }) => decidedBy.replace("_", " ") },
        { head: "Score", isNumber: true, cell: ({ score }) => score?.toFixed(3) ?? "–" },
        { head: "Others", isNumber: true, cell: ({ candidates }) => candidates.length - 1 },
        { head: "Out", isNumber: true, cell: ({ excluded }) => excluded.length },
        {
          head: "Call",
          cell: ({ requestId, attempt }) => (
            <Link href={`/requests?id=${encodeURIComponent(requestId)}`}>try {attempt}</Link>
          ),
        },
      ]}
    />
  );
}
