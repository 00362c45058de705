/** Recent calls: a filtered list, and of one call all that is known, with its tries over time. */

import { type RequestEntry, RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { useParam } from "#web/data/address.tsx";
import { count, duration, timeOfDay } from "#web/data/format.ts";
import { useRead } from "#web/data/refresh.ts";
import { RequestDetail } from "#web/pages/request-detail.tsx";
import { Region } from "#web/parts/region.tsx";
import { State } from "#web/parts/state.tsx";
import { type Column, Table } from "#web/parts/table.tsx";
import "#web/styles/requests.css";

const pageSize = 100;

/** All of it. */
export function Requests() {
  const [chosen, choose] = useParam("id");
  return (
    <>
      <Filters />
      <div className={chosen === "" ? "requests" : "requests two"}>
        <List chosen={chosen} choose={choose} />
        {chosen !== "" && <RequestDetail requestId={chosen} close={() => choose("")} />}
      </div>
    </>
  );
}

/** The fields of the filter, by their names in the address. */
const textFilters = [
  ["model", "Model"],
  ["provider", "Provider"],
  ["procedure", "Method"],
  ["principal", "Caller"],
] as const;

function useFilter() {
  const [status] = useParam("status");
  const [model] = useParam("model");
  const [provider] = useParam("provider");
  const [procedure] = useParam("procedure");
  const [principal] = useParam("principal");
  const [slow] = useParam("ms");
  const durationMsMin = Number.parseFloat(slow);
  return {
    status: status === "ok" || status === "error" ? status : "",
    model,
    provider,
    procedure,
    principal,
    ...(durationMsMin > 0 && { durationMsMin }),
  };
}

function TextFilter({ name, words }: { readonly name: string; readonly words: string }) {
  const [value, set] = useParam(name);
  const isFirst = name === textFilters[0][0];
  return (
    <label>
      {words}
      <input
        value={value}
        size={14}
        maxLength={128}
        onChange={({ target }) => set(target.value.trim())}
        {...(isFirst && { "data-filter": true })}
      />
    </label>
  );
}

function Filters() {
  const [status, setStatus] = useParam("status");
  const [slow, setSlow] = useParam("ms");
  return (
    <search className="row" aria-label="Filter">
      <label>
        Status
        <select value={status} onChange={({ target }) => setStatus(target.value)}>
          <option value="">all</option>
          <option value="ok">ok</option>
          <option value="error">failed</option>
        </select>
      </label>
      {textFilters.map(([name, words]) => (
        <TextFilter key={name} name={name} words={words} />
      ))}
      <label>
        Slower than
        <select value={slow} onChange={({ target }) => setSlow(target.value)}>
          <option value="">any</option>
          <option value="100">100 ms</option>
          <option value="1000">1 s</option>
          <option value="10000">10 s</option>
        </select>
      </label>
    </search>
  );
}

interface ListProps {
  readonly chosen: string;
  readonly choose: (requestId: string) => void;
}

/** Columns that give way to the detail beside the list. */
const wideOnly: ReadonlySet<string> = new Set(["API", "Caller", "Tokens", "Upstream"]);

const columnsOf = (choose: (requestId: string) => void): readonly Column<RequestEntry>[] => [
  {
    head: "Time",
    cell: ({ startTime, requestId }) => (
      <button type="button" className="link mono" onClick={() => choose(requestId)}>
        {timeOfDay(startTime)}
      </button>
    ),
  },
  {
    head: "Status",
    cell: ({ code, reason }) => (
      <State state={code === "OK" ? "OK" : "failed"} words={reason || code} />
    ),
  },
  { head: "Method", cell: ({ procedure, endpoint }) => procedure.split(".").at(-1) || endpoint },
  { head: "API", cell: ({ surface }) => surface },
  { head: "Model", cell: ({ model }) => model || "–" },
  {
    head: "Provider",
    cell: ({ provider, attempts }) =>
      attempts > 1 ? `${provider} (try ${attempts})` : provider || "–",
  },
  { head: "Caller", cell: ({ principal }) => principal },
  {
    head: "Tokens",
    isNumber: true,
    cell: ({ promptTokens, completionTokens }) => count(promptTokens + completionTokens),
  },
  { head: "Took", isNumber: true, cell: ({ durationMs }) => duration(durationMs) },
  {
    head: "Upstream",
    cell: ({ durationMs, upstreamMs }) => (
      <meter min={0} max={durationMs} value={upstreamMs} title={`${duration(upstreamMs)} upstream`}>
        {duration(upstreamMs)}
      </meter>
    ),
  },
];

function List({ chosen, choose }: ListProps) {
  const filter = useFilter();
  const read = useRead(RequestsService.method.listRequests, { filter, pageSize });
  const columns = columnsOf(choose).filter(({ head }) => chosen === "" || !wideOnly.has(head));
  const isFiltered = Object.values(filter).some((value) => value !== "");
  return (
    <section className="panel" aria-label="Requests">
      <Region
        read={read}
        lines={12}
        isEmpty={({ requests }) => requests.length === 0}
        empty={
          isFiltered
            ? "No call that is kept fits this filter."
            : "No calls yet. Send one, from Chat or with curl, and it shows up here."
        }
      >
        {({ requests, kept, lost }) => (
          <>
            <Table
              label="Calls, the newest first"
              rows={requests}
              keyOf={({ requestId, startTime }) =>
                `${requestId} ${startTime?.seconds}.${startTime?.nanos}`
              }
              rowClass={({ requestId }) => (requestId === chosen ? "chosen" : undefined)}
              columns={columns}
            />
            <p className="small">
              The latest {requests.length} of {count(kept)} that are kept
              {lost > 0 && `; ${count(lost)} were not kept`}.
            </p>
          </>
        )}
      </Region>
    </section>
  );
}
