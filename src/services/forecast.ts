/** GetForecast of StatsService: what providers and models are likely to be asked in the next hours. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { Fresh } from "#core/fresh.ts";
import { threeDigits } from "#core/three-digits.ts";
import { turns } from "#core/turns.ts";
import {
  type ForecastSeriesSchema,
  type GetForecastResponseSchema,
  HistoryKey,
  type StatsService,
} from "#gen/polygate/v1/stats_pb.js";
import { HistorySums } from "#history/bucket.ts";
import { forecast, forecastSteps } from "#history/forecast.ts";
import { type HistoryBy, type HistoryLine, linesOf } from "#history/reading.ts";
import { hourMs } from "#history/store.ts";
import { type PerformanceDeps, readOf } from "./performance.ts";

/** Hours that are forecast when the request names no number. */
const hoursDefault = 24;
/** Hours of the past that are looked at: four weeks. */
const pastHoursMax = 28 * 24;
/** Series of one response. */
const seriesMax = 50;

/** The whole hours since the first call of all, and who had calls in them. */
interface Past {
  /** Beginning of the hour that is not over. */
  readonly nowMs: number;
  /** Number of the first hour that is known; there are `pastHoursMax`. */
  readonly first: number;
  readonly lines: readonly HistoryLine[];
  readonly leftOut: number;
}

type Series = MessageInitShape<typeof ForecastSeriesSchema>;
type Response = MessageInitShape<typeof GetForecastResponseSchema>;

function seriesOf({ name, steps: byHour }: HistoryLine, first: number, steps: number): Series {
  const all = new HistorySums();
  const requests = Array.from({ length: pastHoursMax - first }, (_, index) => {
    const sums = byHour.get(first + index);
    if (sums !== undefined) all.merge(sums);
    return sums?.requests ?? 0;
  });
  const { method, error, naiveError, values, low, high } = forecast(requests, steps);
  const each = (sum: number) =>
    values.map((value) => (all.requests === 0 ? 0 : (value * sum) / all.requests));
  return {
    name,
    method,
    ...(error === undefined ? {} : { error: threeDigits(error) }),
    ...(naiveError === undefined ? {} : { naiveError: threeDigits(naiveError) }),
    requests: values.map(threeDigits),
    requestsLow: low.map(threeDigits),
    requestsHigh: high.map(threeDigits),
    tokens: each(all.tokens).map(threeDigits),
    cost: each(all.cost),
  };
}

/** What is asked of a forecast. */
interface ForecastWish {
  readonly by: HistoryBy;
  /** Hours to forecast, that which is not over included. */
  readonly hours: number;
  /** Those that are wanted; all when empty. */
  readonly names: ReadonlySet<string>;
}

/** Forecasts the next hours, by a history that is read once for all who ask at about the same time. */
export class Forecaster {
  readonly #deps: PerformanceDeps;
  readonly #known: Fresh<HistoryBy, Past>;

  constructor(deps: PerformanceDeps) {
    this.#deps = deps;
    this.#known = new Fresh(deps.clock, deps.cacheTtlMs);
  }

  /** Rejects when the history cannot be read. */
  async tell({ by, hours, names }: ForecastWish) {
    const { nowMs, first, lines, leftOut } = await this.#known.get(by, () => this.#past(by));
    const meant = lines.filter(({ name }) => names.size === 0 || names.has(name));
    const knownHours = pastHoursMax - first;
    const steps = forecastSteps(knownHours, hours);
    const shown = steps === 0 ? [] : meant.slice(0, seriesMax);
    const series: Series[] = [];
    for (const line of shown) {
      await turns.next();
      series.push(seriesOf(line, first, steps));
    }
    return {
      startTime: timestampFromMs(nowMs),
      stepSeconds: hourMs / 1_000,
      steps,
      knownHours,
      series,
      leftOut: steps === 0 ? 0 : leftOut + meant.length - shown.length,
      lost: this.#deps.recorder.lost,
    };
  }

  async #past(by: HistoryBy): Promise<Past> {
    const { clock, store, recorder } = this.#deps;
    await recorder.flush();
    const nowMs = Math.floor(clock.wallMs() / hourMs) * hourMs;
    const startMs = nowMs - pastHoursMax * hourMs;
    const grid = { readMs: hourMs, stepMs: hourMs, startMs, count: pastHoursMax };
    const { lines, leftOut } = await readOf(linesOf(store, grid, { by, names: new Set() }));
    const first = Math.min(pastHoursMax, ...lines.map(({ steps }) => Math.min(...steps.keys())));
    return { nowMs, first, lines, leftOut };
  }
}

/** The method over the history. */
export function createForecast(
  forecaster: Forecaster,
  { clock, cacheTtlMs }: Pick<PerformanceDeps, "clock" | "cacheTtlMs">,
): Pick<ServiceImpl<typeof StatsService>, "getForecast"> {
  const responses = new Fresh<string, Response>(clock, cacheTtlMs);
  return {
    getForecast({ hours = hoursDefault, by: key, names }) {
      const by = key === HistoryKey.MODEL ? "model" : "provider";
      // Some 2 ms of computing a series are asked for by anybody.
      const wish = JSON.stringify([by, hours, names]);
      return responses.get(wish, () => forecaster.tell({ by, hours, names: new Set(names) }));
    },
  };
}
