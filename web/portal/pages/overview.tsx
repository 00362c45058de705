/** The first page: whether all is well, what was done, what stands behind the gateway, and how to try it. */

import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { BackendEndpoint, ListBackendsResponse } from "#gen/polygate/v1/backends_pb.js";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { type GetHealthResponse, HealthService } from "#gen/polygate/v1/health_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { type CallStats, StatsService } from "#gen/polygate/v1/stats_pb.js";
import { Link } from "#web/data/address.tsx";
import { gatewayUrl } from "#web/data/base.ts";
import { age, bytes, count, dollars, duration, percent, timeOfDay } from "#web/data/format.ts";
import { useRead } from "#web/data/refresh.ts";
import { CopyBlock } from "#web/parts/copy-block.tsx";
import { Region } from "#web/parts/region.tsx";
import { State } from "#web/parts/state.tsx";
import { Table } from "#web/parts/table.tsx";
import { Tile } from "#web/parts/tile.tsx";

/** All of it. */
export function Overview() {
  return (
    <>
      <Verdict />
      <Totals />
      <div className="columns">
        <Backends />
        <LatestErrors />
      </div>
      <TryIt />
    </>
  );
}

function verdictOf({ cores, models }: GetHealthResponse): string {
  const states = Object.values(models);
  const available = states.filter((state) => state === "available" || state === "healthy").length;
  const parts = [`${cores?.available ?? 0} of ${cores?.total ?? 0} cores take calls`];
  if (states.length > 0) parts.push(`${available} of ${states.length} models and providers serve`);
  return parts.join(" · ");
}

function Verdict() {
  const health = useRead(HealthService.method.getHealth);
  return (
    <section className="panel" aria-label="Health">
      <Region read={health} lines={2}>
        {(data) => (
          <>
            <p className="verdict">
              <State state={data.status} /> <span className="dim">{verdictOf(data)}</span>
            </p>
            <ul className="row">
              {Object.entries(data.services).map(([name, { status, error }]) => (
                <li key={name} title={error}>
                  <span className="dim">{name}</span> <State state={status} />
                </li>
              ))}
              {data.gateway !== undefined && (
                <li className="dim">
                  up {data.gateway.uptime} · Node {data.gateway.nodeVersion} ·{" "}
                  {data.gateway.environment} · {bytes(data.gateway.memory?.rssBytes ?? 0)} of memory
                </li>
              )}
            </ul>
          </>
        )}
      </Region>
    </section>
  );
}

const sumOf = (rows: Readonly<Record<string, CallStats>>, of: (row: CallStats) => number) =>
  Object.values(rows).reduce((sum, row) => sum + of(row), 0);

function errorTone({ requests, errors }: CallStats) {
  return requests > 0 && errors / requests > 0.05 ? "bad" : undefined;
}

function Totals() {
  const stats = useRead(StatsService.method.getStats);
  return (
    <Region read={stats} lines={3}>
      {({ calls, gateway, backends }) =>
        calls !== undefined && (
          <dl className="tiles">
            <Tile
              name="Calls since the start"
              value={count(calls.requests)}
              note={`${count(calls.inFlight)} active now`}
            />
            <Tile
              name="Failed"
              value={calls.requests === 0 ? "–" : percent(calls.errors / calls.requests)}
              note="the caller's mistakes left out"
              tone={errorTone(calls)}
            />
            <Tile
              name="Time, 95th percentile"
              value={calls.requests === 0 ? "–" : duration(calls.p95LatencyMs)}
              note={
                calls.requests === 0 ? "no calls yet" : `median ${duration(calls.p50LatencyMs)}`
              }
            />
            <Tile
              name="Tokens"
              value={count(sumOf(backends, ({ tokens }) => tokens))}
              note={dollars(sumOf(backends, ({ cost }) => cost))}
            />
            <Tile
              name="Limits"
              value={gateway?.rateLimiting ? "on" : "off"}
              note="requests, tokens, money"
            />
          </dl>
        )
      }
    </Region>
  );
}

function stateOf({ draining, status }: BackendEndpoint): string {
  return draining ? "draining" : status;
}

function endpointsOf({ backends }: ListBackendsResponse) {
  return backends.flatMap(({ name, kind, endpoints }) =>
    endpoints.map((endpoint) => ({ name, kind, endpoint })),
  );
}

function Backends() {
  const backends = useRead(BackendsService.method.listBackends);
  return (
    <section className="panel" aria-labelledby="backends">
      <h2 id="backends">Backends</h2>
      <Region
        read={backends}
        isEmpty={(data) => endpointsOf(data).length === 0}
        empty="Nothing stands behind this gateway. Name a core or a provider in its configuration."
      >
        {(data) => (
          <ul className="cards">
            {endpointsOf(data).map(({ name, kind, endpoint }) => (
              <li className="card" key={`${name} ${endpoint.id}`}>
                <h3>
                  {name}{" "}
                  <span className="dim">
                    {endpoint.id === name ? (kind === name ? "" : kind) : endpoint.id}
                  </span>
                </h3>
                <p>
                  <State state={stateOf(endpoint)} />{" "}
                  {endpoint.lastCheck !== undefined && (
                    <span className="dim">
                      {age(timestampMs(endpoint.lastCheck))} ago,{" "}
                      {duration(endpoint.responseTimeMs)}
                    </span>
                  )}
                </p>
                <p className="dim">
                  {count(endpoint.inFlight)} active · {count(endpoint.requests)} calls ·{" "}
                  {count(endpoint.errors)} failed
                </p>
                {endpoint.models
                  .filter(({ breaker }) => breaker !== "closed")
                  .map(({ model, breaker }) => (
                    <p key={model}>
                      <State state={breaker} words={`breaker ${breaker.replace("_", " ")}`} />{" "}
                      {model}
                    </p>
                  ))}
                {endpoint.error !== "" && <p className="bad">{endpoint.error}</p>}
              </li>
            ))}
          </ul>
        )}
      </Region>
    </section>
  );
}

function LatestErrors() {
  const errors = useRead(RequestsService.method.listRequests, {
    filter: { status: "error" },
    pageSize: 6,
  });
  return (
    <section className="panel" aria-labelledby="errors">
      <h2 id="errors">Latest failures</h2>
      <Region
        read={errors}
        isEmpty={({ requests }) => requests.length === 0}
        empty="No call has failed."
      >
        {({ requests }) => (
          <Table
            label="Latest failures"
            rows={requests}
            keyOf={({ requestId, startTime }) => `${requestId} ${startTime?.nanos}`}
            columns={[
              { head: "Time", cell: ({ startTime }) => timeOfDay(startTime) },
              {
                head: "Reason",
                cell: ({ requestId, reason, code }) => (
                  <Link href={`/requests?id=${encodeURIComponent(requestId)}`}>
                    {reason || code}
                  </Link>
                ),
              },
              { head: "Fault", cell: ({ blame }) => blame },
              { head: "Method", cell: ({ procedure }) => procedure.split("/")[1] },
              { head: "Time taken", isNumber: true, cell: (row) => duration(row.durationMs) },
            ]}
          />
        )}
      </Region>
    </section>
  );
}

function TryIt() {
  const chat = `curl ${gatewayUrl}/v1/chat -H 'content-type: application/json' \\\n  -d '{"message": "What can you do?"}'`;
  const openAi = `curl ${gatewayUrl}/v1/chat/completions -H 'content-type: application/json' \\\n  -d '{"model": "auto", "messages": [{"role": "user", "content": "Hello"}], "stream": true}'`;
  return (
    <section className="panel" aria-labelledby="try">
      <div className="panel-head">
        <h2 id="try">Try it</h2>
        <span className="small">
          A gateway with keys wants <code>-H 'authorization: Bearer KEY'</code> as well.{" "}
          <a href={`${gatewayUrl}/docs`}>All of the API</a>
        </span>
      </div>
      <div className="columns">
        <CopyBlock label="a chat" text={chat} />
        <CopyBlock label="a stream, as OpenAI's clients ask for it" text={openAi} />
      </div>
    </section>
  );
}
