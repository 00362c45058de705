/** StatsService: totals since start, the same again and again, and the last hours. */

import { setTimeout as wait } from "node:timers/promises";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { threeDigits } from "#core/three-digits.ts";
import type { StatsService } from "#gen/polygate/v1/stats_pb.js";
import type { SeriesKind, SeriesSpan, SeriesTotals, Stats } from "#observability/stats.ts";

/** What StatsService needs. */
export interface StatsDeps {
  readonly stats: Stats;
  readonly clock: Clock;
  readonly version: string;
  /** Monotonic time of start, in milliseconds. */
  readonly startedMs: number;
  readonly rateLimiting: boolean;
  /** Aborts when the gateway begins to stop: watchers are let go. */
  readonly stopping: AbortSignal;
}

const defaultIntervalMs = 1000;
const defaultHours = 24;

function callStats(totals: SeriesTotals) {
  return {
    ...totals,
    avgLatencyMs: threeDigits(totals.avgLatencyMs),
    p50LatencyMs: threeDigits(totals.p50LatencyMs),
    p95LatencyMs: threeDigits(totals.p95LatencyMs),
    p99LatencyMs: threeDigits(totals.p99LatencyMs),
  };
}

function providerStats(span: SeriesSpan) {
  const { requests, errors, latencyMsSum, tokens, cost } = span;
  return {
    totalRequests: requests,
    avgLatencyMs: requests === 0 ? 0 : threeDigits(latencyMsSum / requests),
    successRate: requests === 0 ? 1 : (requests - errors) / requests,
    totalCost: cost,
    totalTokens: tokens,
  };
}

/** The service over the gateway's statistics. */
export function createStatsService(deps: StatsDeps): ServiceImpl<typeof StatsService> {
  const { stats, clock } = deps;
  const totalsOf = (kind: SeriesKind) =>
    Object.fromEntries([...stats.totals(kind)].map(([name, one]) => [name, callStats(one)]));
  const totals = () => ({
    timestamp: timestampFromMs(clock.wallMs()),
    gateway: {
      version: deps.version,
      uptimeSeconds: threeDigits((clock.nowMs() - deps.startedMs) / 1000),
      rateLimiting: deps.rateLimiting,
      rssBytes: process.memoryUsage.rss(),
    },
    calls: totalsOf("gateway").calls ?? {},
    methods: totalsOf("method"),
    backends: totalsOf("backend"),
    models: totalsOf("model"),
  });
  const span = (kind: "backend" | "model", hours: number) =>
    Object.fromEntries(
      [...stats.span(kind, hours)].map(([name, one]) => [name, providerStats(one)]),
    );

  return {
    getStats: totals,
    async *watchStats({ intervalMs = defaultIntervalMs }, { signal }) {
      const until = AbortSignal.any([signal, deps.stopping]);
      while (!until.aborted) {
        yield { stats: totals() };
        // Being let go is how a watch ends, not a failure of it.
        await wait(intervalMs, undefined, { signal: until }).catch(() => {});
      }
      signal.throwIfAborted();
    },
    getPerformance: ({ hours = defaultHours }) => ({
      hours,
      providerStats: span("backend", hours),
      modelStats: span("model", hours),
    }),
  };
}
