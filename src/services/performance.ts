/** GetPerformance and GetHistory of StatsService: what providers and models did, over time. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { Fresh } from "#core/fresh.ts";
import { threeDigits } from "#core/three-digits.ts";
import { fault } from "#errors/fault.ts";
import {
  type GetPerformanceResponseSchema,
  HistoryKey,
  type HistorySeriesSchema,
  type ProviderStatsSchema,
  type StatsService,
} from "#gen/polygate/v1/stats_pb.js";
import type { Availability } from "#history/availability.ts";
import { HistorySums } from "#history/bucket.ts";
import { gridOf, type HistoryLine, linesOf, totalsOf } from "#history/reading.ts";
import type { HistoryRecorder } from "#history/recorder.ts";
import { type HistoryStore, hourMs, type Resolution } from "#history/store.ts";

/** What the history is read from. */
export interface PerformanceDeps {
  readonly clock: Clock;
  readonly store: Pick<HistoryStore, "read">;
  readonly recorder: Pick<HistoryRecorder, "flush" | "lost">;
  readonly resolutions: readonly Resolution[];
  readonly availability: Availability;
  /** How long sums are given again. */
  readonly cacheTtlMs: number;
}

const performanceHours = 24;
const historyHours = 1;
/** Names of one response. */
const namesMax = 200;
/** Values of one column, over all series of a response. */
const valuesMax = 20_000;

type Performance = MessageInitShape<typeof GetPerformanceResponseSchema>;

function meanOf(sum: number, count: number): number {
  return count === 0 ? 0 : threeDigits(sum / count);
}

function providerStats(
  sums: HistorySums,
  availability: number | undefined,
): MessageInitShape<typeof ProviderStatsSchema> {
  const { requests, callerErrors, upstreamErrors, gatewayErrors, latencies } = sums;
  const failed = upstreamErrors + gatewayErrors;
  const first = { avgFirstMessageMs: meanOf(sums.firstMsSum, sums.firstCount) };
  return {
    totalRequests: requests,
    avgLatencyMs: meanOf(sums.latencyMsSum, sums.latencyCount),
    successRate: requests === 0 ? 1 : (requests - failed) / requests,
    totalCost: sums.cost,
    totalTokens: sums.tokens,
    p50LatencyMs: threeDigits(latencies.percentile(0.5)),
    p95LatencyMs: threeDigits(latencies.percentile(0.95)),
    p99LatencyMs: threeDigits(latencies.percentile(0.99)),
    ...(sums.firstCount === 0 ? {} : first),
    avgTokensPerRequest: meanOf(sums.tokens, requests),
    ...(sums.tokens === 0 ? {} : { costPerToken: sums.cost / sums.tokens }),
    ...(availability === undefined ? {} : { availability }),
    errors: { caller: callerErrors, upstream: upstreamErrors, gateway: gatewayErrors },
  };
}

/** Those with most calls, by name. */
function statsByName(
  all: ReadonlyMap<string, HistorySums>,
  availabilityOf: (name: string) => number | undefined,
) {
  const busiest = [...all].toSorted(([, one], [, other]) => other.requests - one.requests);
  return Object.fromEntries(
    busiest
      .slice(0, namesMax)
      .map(([name, sums]) => [name, providerStats(sums, availabilityOf(name))]),
  );
}

/** A series with a value for every step. */
function seriesOf(
  { name, steps }: HistoryLine,
  count: number,
): MessageInitShape<typeof HistorySeriesSchema> {
  const none = new HistorySums();
  const all = Array.from({ length: count }, (_, step) => steps.get(step) ?? none);
  return {
    name,
    requests: all.map(({ requests }) => requests),
    callerErrors: all.map(({ callerErrors }) => callerErrors),
    upstreamErrors: all.map(({ upstreamErrors }) => upstreamErrors),
    gatewayErrors: all.map(({ gatewayErrors }) => gatewayErrors),
    avgLatencyMs: all.map((sums) => meanOf(sums.latencyMsSum, sums.latencyCount)),
    p50LatencyMs: all.map(({ latencies }) => threeDigits(latencies.percentile(0.5))),
    p95LatencyMs: all.map(({ latencies }) => threeDigits(latencies.percentile(0.95))),
    p99LatencyMs: all.map(({ latencies }) => threeDigits(latencies.percentile(0.99))),
    avgFirstMessageMs: all.map((sums) => meanOf(sums.firstMsSum, sums.firstCount)),
    tokens: all.map(({ tokens }) => tokens),
    cost: all.map(({ cost }) => cost),
  };
}

/** What is read of a store, which may be away: then HISTORY_UNAVAILABLE. */
export async function readOf<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (thrown) {
    const message = "the history cannot be read now, its database does not respond as it should";
    throw fault("HISTORY_UNAVAILABLE", message, { cause: thrown });
  }
}

/** The two methods over one history. */
export function createPerformance(
  deps: PerformanceDeps,
): Pick<ServiceImpl<typeof StatsService>, "getPerformance" | "getHistory"> {
  const { clock, store, recorder, resolutions, availability } = deps;
  const known = new Fresh<number, Performance>(clock, deps.cacheTtlMs);
  /** Has all calls that have ended by now be in the store. */
  const settle = async () => {
    await recorder.flush();
  };
  const performance = async (hours: number): Promise<Performance> => {
    await settle();
    const nowMs = clock.wallMs();
    const { provider, model } = await readOf(totalsOf(store, hours, { nowMs, resolutions }));
    const availabilityOf = (name: string) => availability.share(name, hours * hourMs);
    const leftOut = Math.max(0, provider.size - namesMax) + Math.max(0, model.size - namesMax);
    return {
      hours,
      providerStats: statsByName(provider, availabilityOf),
      modelStats: statsByName(model, () => undefined),
      timestamp: timestampFromMs(nowMs),
      lost: recorder.lost,
      leftOut,
    };
  };

  return {
    getPerformance: ({ hours = performanceHours }) => known.get(hours, () => performance(hours)),
    async getHistory({ hours = historyHours, stepSeconds, by, names }) {
      await settle();
      const wishedMs = stepSeconds === undefined ? undefined : stepSeconds * 1_000;
      const grid = gridOf(hours, wishedMs, { nowMs: clock.wallMs(), resolutions });
      const wish = {
        by: by === HistoryKey.MODEL ? "model" : "provider",
        names: new Set(names),
      } as const;
      const { lines, leftOut } = await readOf(linesOf(store, grid, wish));
      const linesMax = Math.max(1, Math.floor(valuesMax / grid.count));
      const shown = lines.slice(0, linesMax);
      return {
        startTime: timestampFromMs(grid.startMs),
        stepSeconds: grid.stepMs / 1_000,
        steps: grid.count,
        series: shown.map((line) => seriesOf(line, grid.count)),
        leftOut: leftOut + lines.length - shown.length,
        lost: recorder.lost,
      };
    },
  };
}
