/** The pools and their endpoints: how each does, and taking it out and in again. */

import { useMutation } from "@connectrpc/connect-query";
import {
  type Backend,
  type BackendEndpoint,
  BackendsService,
} from "#gen/polygate/v1/backends_pb.js";
import { count, duration, percent } from "#web/data/format.ts";
import { useRead } from "#web/data/refresh.ts";
import { queryClient } from "#web/data/transport.ts";
import { Problem } from "#web/parts/problem.tsx";
import { Region } from "#web/parts/region.tsx";
import { State } from "#web/parts/state.tsx";
import { Table } from "#web/parts/table.tsx";

interface Row {
  readonly backend: string;
  readonly endpoint: BackendEndpoint;
}

const rowsOf = (backends: readonly Backend[]): readonly Row[] =>
  backends.flatMap(({ name, endpoints }) =>
    endpoints.map((endpoint) => ({ backend: name, endpoint })),
  );

/** What was seen of the models of an endpoint, one line each. */
function Models({ endpoint }: { readonly endpoint: BackendEndpoint }) {
  return endpoint.models.map(({ model, breaker, latencyMs, successRate }) => (
    <div key={model}>
      {model || "any"} <State state={breaker} words={`breaker ${breaker.replace("_", " ")}`} />{" "}
      <span className="dim">
        {latencyMs !== undefined && duration(latencyMs)}
        {successRate !== undefined && `, ${percent(successRate)} succeed`}
      </span>
    </div>
  ));
}

/** A table of them. */
export function Pools() {
  const read = useRead(BackendsService.method.listBackends);
  const onSuccess = () => queryClient.invalidateQueries();
  const drain = useMutation(BackendsService.method.drainBackend, { onSuccess });
  const resume = useMutation(BackendsService.method.resumeBackend, { onSuccess });
  const reset = useMutation(BackendsService.method.resetBackend, { onSuccess });
  const failed = [drain, resume, reset].find(({ isError }) => isError);
  const actions = ({ backend, endpoint }: Row) => {
    const target = { backend, endpoint: endpoint.id };
    const turn = endpoint.draining ? resume : drain;
    return (
      <span className="row">
        <button
          type="button"
          disabled={turn.isPending}
          onClick={() => turn.mutate(target)}
          title="Calls in progress go on"
          aria-label={`${endpoint.draining ? "Resume" : "Drain"} ${endpoint.id}`}
        >
          {endpoint.draining ? "Resume" : "Drain"}
        </button>
        <button
          type="button"
          disabled={reset.isPending}
          onClick={() => reset.mutate(target)}
          title="Closes breakers, and forgets what was measured"
          aria-label={`Reset ${endpoint.id}`}
        >
          Reset
        </button>
      </span>
    );
  };
  return (
    <section className="panel" aria-labelledby="pools">
      <h2 id="pools">Endpoints</h2>
      {failed !== undefined && <Problem error={failed.error} />}
      <Region
        read={read}
        isEmpty={({ backends }) => backends.length === 0}
        empty="Nothing stands behind this gateway."
      >
        {({ backends }) => (
          <Table
            label="Endpoints"
            rows={rowsOf(backends)}
            keyOf={({ backend, endpoint }) => `${backend} ${endpoint.id}`}
            columns={[
              { head: "Backend", cell: ({ backend }) => backend, sortBy: ({ backend }) => backend },
              { head: "Endpoint", cell: ({ endpoint }) => endpoint.id },
              {
                head: "State",
                cell: ({ endpoint: { draining, status, error } }) => (
                  <span title={error}>
                    <State state={draining ? "draining" : status} />
                  </span>
                ),
              },
              { head: "Active", isNumber: true, cell: ({ endpoint }) => count(endpoint.inFlight) },
              {
                head: "At most",
                isNumber: true,
                cell: ({ endpoint: { concurrencyLimit } }) => concurrencyLimit ?? "–",
              },
              {
                head: "Calls",
                isNumber: true,
                cell: ({ endpoint }) => count(endpoint.requests),
                sortBy: ({ endpoint }) => endpoint.requests,
              },
              { head: "Failed", isNumber: true, cell: ({ endpoint }) => count(endpoint.errors) },
              {
                head: "Seen of its models",
                cell: ({ endpoint }) => <Models endpoint={endpoint} />,
              },
              { head: "Act", cell: actions },
            ]}
          />
        )}
      </Region>
    </section>
  );
}
