/** StatsService: totals since start, the same again and again, and the last hours. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { PredictBackend } from "#backends/backend.ts";
import type { Clock } from "#core/clock.ts";
import { type PlaceLimits, Places } from "#core/places.ts";
import { threeDigits } from "#core/three-digits.ts";
import { fault } from "#errors/fault.ts";
import {
  type GetStatsResponseSchema,
  type StatsService,
  type WatchStatsResponse,
  WatchStatsResponseSchema,
} from "#gen/polygate/v1/stats_pb.js";
import { callerOf, requireCaller } from "#interceptors/caller.ts";
import {
  type SeriesKind,
  type SeriesTotals,
  type Stats,
  totalsFrom,
} from "#observability/stats.ts";
import { inferenceStats } from "./inference-stats.ts";
import type { StatsSnapshot } from "./stats-snapshot.ts";
import { Ticker } from "./ticker.ts";
import { watchLimitsDefault } from "./watches.ts";

/** What is reported of the history. */
export type OverTime = Pick<
  ServiceImpl<typeof StatsService>,
  "getPerformance" | "getHistory" | "getForecast"
>;

/** What StatsService needs. */
export interface StatsDeps {
  readonly stats: Stats;
  readonly clock: Clock;
  readonly version: string;
  /** Monotonic time of start, in milliseconds. */
  readonly startedMs: number;
  readonly rateLimiting: boolean;
  /** What answers for the last hours, and the next. */
  readonly performance: OverTime;
  /** The models that run here. */
  readonly predict: Pick<PredictBackend, "statistics">;
  /** What all threads have counted; absent: there is this one. */
  readonly allThreads?: (() => Promise<StatsSnapshot>) | undefined;
  /** Aborts when the gateway begins to stop: watchers are let go. */
  readonly stopping: AbortSignal;
  readonly watchLimits?: PlaceLimits;
}

const defaultIntervalMs = 1000;
/** The shortest interval of a watch, as the proto has it: all watches share what is measured in one. */
const tickMs = 100;

function callStats(totals: SeriesTotals) {
  return {
    ...totals,
    avgLatencyMs: threeDigits(totals.avgLatencyMs),
    p50LatencyMs: threeDigits(totals.p50LatencyMs),
    p95LatencyMs: threeDigits(totals.p95LatencyMs),
    p99LatencyMs: threeDigits(totals.p99LatencyMs),
  };
}

function callStatsOf(totals: ReadonlyMap<string, SeriesTotals>) {
  return Object.fromEntries([...totals].map(([name, one]) => [name, callStats(one)]));
}

/** What there is to report, of one thread or of all. */
interface Told extends Pick<StatsSnapshot, "inferences"> {
  of(kind: SeriesKind): ReadonlyMap<string, SeriesTotals>;
}

function toldIn({ series, inferences }: StatsSnapshot): Told {
  const totals = (kind: SeriesKind) =>
    new Map(series[kind].entries().map(([name, counts]) => [name, totalsFrom(counts)]));
  return { of: totals, inferences };
}

function responseWith(stats: MessageInitShape<typeof GetStatsResponseSchema>): WatchStatsResponse {
  return create(WatchStatsResponseSchema, { stats });
}

/** The service over the gateway's statistics. */
export function createStatsService(deps: StatsDeps): ServiceImpl<typeof StatsService> {
  const { stats, clock, predict, allThreads, watchLimits = watchLimitsDefault } = deps;
  const totalsOf = ({ of, inferences }: Told) => ({
    timestamp: timestampFromMs(clock.wallMs()),
    gateway: {
      version: deps.version,
      uptimeSeconds: threeDigits((clock.nowMs() - deps.startedMs) / 1000),
      rateLimiting: deps.rateLimiting,
      rssBytes: process.memoryUsage.rss(),
    },
    calls: callStatsOf(of("gateway")).calls ?? {},
    methods: callStatsOf(of("method")),
    backends: callStatsOf(of("backend")),
    models: callStatsOf(of("model")),
    inferences: inferences.map(inferenceStats),
  });
  const totals = () =>
    allThreads === undefined
      ? totalsOf({
          of: (kind) => stats.totals(kind),
          inferences: predict.statistics?.() ?? [],
        })
      : allThreads().then((snapshot) => totalsOf(toldIn(snapshot)));
  const watches = new Places(watchLimits);
  const ticker = new Ticker(clock, tickMs);
  let measured: WatchStatsResponse | Promise<WatchStatsResponse> | undefined;
  let measuredMs = Number.NEGATIVE_INFINITY;
  /** What all watches are given that are woken by one tick. */
  const recentTotals = () => {
    const nowMs = clock.nowMs();
    if (measured === undefined || nowMs - measuredMs >= tickMs / 2) {
      const told = totals();
      measured = told instanceof Promise ? told.then(responseWith) : responseWith(told);
      measuredMs = nowMs;
    }
    return measured;
  };

  return {
    getStats: totals,
    async *watchStats({ intervalMs = defaultIntervalMs }, { signal, values }) {
      using place = watches.take(callerOf(values));
      if (place === undefined) throw fault("OVERLOADED", "too many watches are open");
      const until = AbortSignal.any([signal, deps.stopping]);
      while (!until.aborted) {
        requireCaller(values);
        yield recentTotals();
        // Being let go is how a watch ends, not a failure of it.
        await ticker.wait(intervalMs, until);
      }
      signal.throwIfAborted();
    },
    ...deps.performance,
  };
}
