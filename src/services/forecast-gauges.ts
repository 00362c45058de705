/** The forecast as metrics, for autoscalers: computed once an hour when metrics are read, never while a call waits. */

import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Clock } from "#core/clock.ts";
import { hourMs } from "#history/store.ts";
import type { Forecaster } from "./forecast.ts";
import type { ServiceMetrics } from "./metric-families.ts";

/** The hours that are reported: that which is not over, and the next one. */
const hours = ["this", "next"] as const;
/** Pause between two tries, where the history could not be read or was read before the hour began. */
const pauseMs = 60_000;
const hourSeconds = hourMs / 1_000;

/** What the gauges are made of. */
export interface ForecastGaugesDeps {
  readonly clock: Clock;
  readonly forecaster: Pick<Forecaster, "tell">;
  readonly metrics: Pick<ServiceMetrics, "forecastCalls" | "forecastTokens" | "forecastError">;
}

/** Keeps the gauges of the forecast up to the hour. */
export class ForecastGauges {
  readonly #deps: ForecastGaugesDeps;
  /** Beginning of the hour that they tell of. */
  #hourMs = Number.NaN;
  #triedMs = Number.NEGATIVE_INFINITY;

  constructor(deps: ForecastGaugesDeps) {
    this.#deps = deps;
  }

  /**
   * Somebody reads metrics. The forecast hangs on whole hours alone, so that it is computed when an hour
   * has begun, and read by the next one who asks; resolves when nothing is left to compute.
   */
  async refresh(): Promise<void> {
    const { clock, forecaster } = this.#deps;
    const nowMs = clock.nowMs();
    const hour = Math.floor(clock.wallMs() / hourMs) * hourMs;
    if (hour === this.#hourMs || nowMs - this.#triedMs < pauseMs) return;
    this.#triedMs = nowMs;
    try {
      const told = await forecaster.tell({ by: "provider", hours: hours.length, names: new Set() });
      if (timestampMs(told.startTime) === hour) this.#hourMs = hour;
      this.#show(told.series);
    } catch {
      // The log tells that the history fails; what is no longer true is not told.
      this.#show([]);
    }
  }

  #show(series: Awaited<ReturnType<Forecaster["tell"]>>["series"]): void {
    const { forecastCalls, forecastTokens, forecastError } = this.#deps.metrics;
    for (const gauge of [forecastCalls, forecastTokens, forecastError]) gauge.reset();
    for (const { name: provider = "", requests = [], tokens = [], error, naiveError } of series) {
      for (const [index, hour] of hours.entries()) {
        const calls = requests[index];
        if (calls === undefined) continue;
        forecastCalls.set({ provider, hour }, calls / hourSeconds);
        forecastTokens.set({ provider, hour }, (tokens[index] ?? 0) / hourSeconds);
      }
      if (error !== undefined) forecastError.set({ provider, method: "chosen" }, error);
      if (naiveError !== undefined) forecastError.set({ provider, method: "naive" }, naiveError);
    }
  }
}
