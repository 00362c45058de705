/** What providers and models did in the last hours: sums, charts and tables. */

import { timestampMs } from "@bufbuild/protobuf/wkt";
import {
  type GetHistoryResponse,
  type GetPerformanceResponse,
  HistoryKey,
  type HistorySeries,
  type ProviderStats,
  StatsService,
} from "#gen/polygate/v1/stats_pb.js";
import { Link, useParam } from "#web/data/address.tsx";
import { count, dollars, duration, percent } from "#web/data/format.ts";
import { useRead } from "#web/data/refresh.ts";
import { Chart, type Line } from "#web/parts/chart.tsx";
import { Region } from "#web/parts/region.tsx";
import { type Column, Table } from "#web/parts/table.tsx";
import { Tile } from "#web/parts/tile.tsx";

/** What should be looked at: the share of failures, and the time of a call. */
const failureShareMax = 0.05;
const latencyMsMax = 10_000;
/** Lines that one chart shows; more cannot be told apart. */
const linesMax = 6;

const periods = [
  ["1", "1 hour"],
  ["6", "6 hours"],
  ["24", "24 hours"],
  ["168", "7 days"],
] as const;

/** All of it. */
export function Monitoring() {
  const [hours, setHours] = useParam("hours", "1");
  const [by, setBy] = useParam("by", "provider");
  const performance = useRead(StatsService.method.getPerformance, { hours: Number(hours) });
  return (
    <>
      <div className="row">
        <label>
          Period
          <select value={hours} onChange={({ target }) => setHours(target.value)}>
            {periods.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          Charts by
          <select value={by} onChange={({ target }) => setBy(target.value)}>
            <option value="provider">provider</option>
            <option value="model">model</option>
          </select>
        </label>
      </div>
      <Region read={performance} lines={3}>
        {(data) => <Sums data={data} />}
      </Region>
      <Charts hours={Number(hours)} by={by} />
      <Region read={performance} lines={6}>
        {(data) => (
          <>
            <StatsTable title="Providers" stats={data.providerStats} />
            <StatsTable title="Models" stats={data.modelStats} />
            <LeftOut {...data} />
          </>
        )}
      </Region>
    </>
  );
}

function Sums({ data }: { readonly data: GetPerformanceResponse }) {
  const all = Object.values(data.providerStats);
  const sum = (of: (stats: ProviderStats) => number) =>
    all.reduce((total, row) => total + of(row), 0);
  const requests = sum(({ totalRequests }) => totalRequests);
  const weighted = (of: (stats: ProviderStats) => number) =>
    sum((row) => of(row) * row.totalRequests) / requests;
  const success = weighted(({ successRate }) => successRate);
  const mean = weighted(({ avgLatencyMs }) => avgLatencyMs);
  const none = requests === 0;
  return (
    <dl className="tiles">
      <Tile name="Calls to backends" value={count(requests)} note="each try counts" />
      <Tile
        name="Mean time"
        value={none ? "–" : duration(mean)}
        note="of a stream: to its first message"
        tone={mean > latencyMsMax ? "bad" : undefined}
      />
      <Tile
        name="Success"
        value={none ? "–" : percent(success)}
        note="the caller's mistakes left out"
        tone={success < 1 - failureShareMax ? "bad" : undefined}
      />
      <Tile name="Cost" value={dollars(sum(({ totalCost }) => totalCost))} note="US dollars" />
      <Tile
        name="Tokens"
        value={count(sum(({ totalTokens }) => totalTokens))}
        note="read and written"
      />
    </dl>
  );
}

function Charts({ hours, by }: { readonly hours: number; readonly by: string }) {
  const history = useRead(StatsService.method.getHistory, {
    hours,
    by: by === "model" ? HistoryKey.MODEL : HistoryKey.PROVIDER,
  });
  return (
    <Region
      read={history}
      lines={16}
      isEmpty={({ series }) => series.length === 0}
      empty={
        <>
          No calls in this period. <Link href="/chat">Send one from Chat</Link>, or choose a longer
          one.
        </>
      }
    >
      {(data) => <ChartGrid data={data} />}
    </Region>
  );
}

function ChartGrid({ data }: { readonly data: GetHistoryResponse }) {
  const { startTime, stepSeconds, steps } = data;
  const begin = startTime === undefined ? 0 : timestampMs(startTime) / 1000;
  const times = Array.from({ length: steps }, (_, step) => begin + step * stepSeconds);
  const shown = data.series.slice(0, linesMax);
  const perMinute = (value: number) => (value * 60) / stepSeconds;
  const each = (of: (series: HistorySeries, step: number) => number | null): Line[] =>
    shown.map((series) => ({
      name: series.name,
      values: times.map((_, step) => of(series, step)),
    }));
  const all = (name: string, of: (series: HistorySeries) => readonly number[]): Line => ({
    name,
    values: times.map((_, step) =>
      perMinute(data.series.reduce((sum, series) => sum + (of(series)[step] ?? 0), 0)),
    ),
  });
  /** Where there were no calls there was no time either. */
  const timed = (series: HistorySeries, step: number, of: readonly number[]) =>
    (series.requests[step] ?? 0) > 0 ? (of[step] ?? null) : null;
  const rate = (value: number) =>
    value >= 100 ? count(value) : String(Number(value.toPrecision(2)));
  return (
    <div className="columns">
      <Chart
        title="Calls a minute"
        times={times}
        lines={each(({ requests }, step) => perMinute(requests[step] ?? 0))}
        format={rate}
      />
      <Chart
        title="Time, 95th percentile"
        times={times}
        lines={each((series, step) => timed(series, step, series.p95LatencyMs))}
        format={duration}
      />
      <Chart
        title="Failures a minute, by whose fault"
        times={times}
        lines={[
          all("caller", ({ callerErrors }) => callerErrors),
          all("upstream", ({ upstreamErrors }) => upstreamErrors),
          all("gateway", ({ gatewayErrors }) => gatewayErrors),
        ]}
        format={rate}
      />
      <Chart
        title="Tokens a minute"
        times={times}
        lines={each(({ tokens }, step) => perMinute(tokens[step] ?? 0))}
        format={rate}
      />
    </div>
  );
}

type Row = readonly [name: string, stats: ProviderStats];

const failuresOf = ({ errors }: ProviderStats) =>
  errors === undefined ? "" : `${errors.caller} / ${errors.upstream} / ${errors.gateway}`;

const columns: readonly Column<Row>[] = [
  { head: "Name", cell: ([name]) => name, sortBy: ([name]) => name },
  {
    head: "Calls",
    isNumber: true,
    cell: ([, { totalRequests }]) => count(totalRequests),
    sortBy: ([, { totalRequests }]) => totalRequests,
  },
  {
    head: "Success",
    isNumber: true,
    cell: ([, { successRate }]) => (
      <span className={successRate < 1 - failureShareMax ? "bad" : undefined}>
        {percent(successRate)}
      </span>
    ),
    sortBy: ([, { successRate }]) => successRate,
  },
  {
    head: "Failures: caller / upstream / gateway",
    isNumber: true,
    cell: ([, stats]) => failuresOf(stats),
  },
  {
    head: "Mean",
    isNumber: true,
    cell: ([, { avgLatencyMs }]) => (
      <span className={avgLatencyMs > latencyMsMax ? "bad" : undefined}>
        {duration(avgLatencyMs)}
      </span>
    ),
    sortBy: ([, { avgLatencyMs }]) => avgLatencyMs,
  },
  {
    head: "p50",
    isNumber: true,
    cell: ([, { p50LatencyMs }]) => duration(p50LatencyMs),
    sortBy: ([, { p50LatencyMs }]) => p50LatencyMs,
  },
  {
    head: "p95",
    isNumber: true,
    cell: ([, { p95LatencyMs }]) => duration(p95LatencyMs),
    sortBy: ([, { p95LatencyMs }]) => p95LatencyMs,
  },
  {
    head: "First message",
    isNumber: true,
    cell: ([, { avgFirstMessageMs }]) =>
      avgFirstMessageMs === undefined ? "–" : duration(avgFirstMessageMs),
  },
  {
    head: "Tokens",
    isNumber: true,
    cell: ([, { totalTokens }]) => count(totalTokens),
    sortBy: ([, { totalTokens }]) => totalTokens,
  },
  {
    head: "Cost",
    isNumber: true,
    cell: ([, { totalCost }]) => dollars(totalCost),
    sortBy: ([, { totalCost }]) => totalCost,
  },
  {
    head: "Available",
    isNumber: true,
    cell: ([, { availability }]) =>
      availability === undefined ? (
        "–"
      ) : (
        <span className={availability < 1 ? "warn" : undefined}>{percent(availability)}</span>
      ),
  },
];

function StatsTable(props: {
  readonly title: string;
  readonly stats: Readonly<Record<string, ProviderStats>>;
}) {
  const { title, stats } = props;
  const rows = Object.entries(stats);
  return (
    <section className="panel" aria-label={title}>
      <h2>{title}</h2>
      {rows.length === 0 ? (
        <p className="empty">None was called in this period.</p>
      ) : (
        <Table
          label={`${title}, a row each`}
          rows={rows}
          keyOf={([name]) => name}
          columns={columns}
        />
      )}
    </section>
  );
}

function LeftOut({ lost, leftOut }: GetPerformanceResponse) {
  if (lost === 0 && leftOut === 0) return null;
  return (
    <p className="warn">
      {lost > 0 && `${count(lost)} calls are missing, because the store failed for too long. `}
      {leftOut > 0 && `${count(leftOut)} names beyond the bound are left out.`}
    </p>
  );
}
