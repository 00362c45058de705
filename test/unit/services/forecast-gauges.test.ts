/** The gauges of the forecast: computed once an hour, whoever reads them how often, and never of an hour that is over. */

import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import type { Forecaster } from "#services/forecast.ts";
import { ForecastGauges } from "#services/forecast-gauges.ts";
import { createMetrics } from "../../../src/metrics.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const hourMs = 3_600_000;

function gauges(tell: (clock: { wallMs(): number }) => Awaited<ReturnType<Forecaster["tell"]>>) {
  const clock = createManualClock();
  const metrics = createMetrics();
  let asked = 0;
  const forecaster: Pick<Forecaster, "tell"> = {
    async tell() {
      asked += 1;
      return tell(clock);
    },
  };
  const made = new ForecastGauges({ clock, forecaster, metrics });
  return {
    ...{ clock, made },
    asked: () => asked,
    lines: async () =>
      (await metrics.registry.metrics())
        .split("\n")
        .filter((line) => line.startsWith("polygate_f")),
  };
}

const told = (wallMs: number) => ({
  startTime: timestampFromMs(Math.floor(wallMs / hourMs) * hourMs),
  ...{ stepSeconds: 3_600, steps: 2, knownHours: 100, leftOut: 0, lost: 0 },
  series: [
    { name: "gpu", requests: [3_600, 7_200], tokens: [36_000, 0], error: 0.1, naiveError: 0.4 },
  ],
});

test("calls and tokens a second of this hour and the next, and both errors", async () => {
  const { made, lines } = gauges(({ wallMs }) => told(wallMs()));
  await made.refresh();
  expect(await lines()).toEqual([
    'polygate_forecast_calls_per_second{provider="gpu",hour="this"} 1',
    'polygate_forecast_calls_per_second{provider="gpu",hour="next"} 2',
    'polygate_forecast_tokens_per_second{provider="gpu",hour="this"} 10',
    'polygate_forecast_tokens_per_second{provider="gpu",hour="next"} 0',
    'polygate_forecast_error_ratio{provider="gpu",method="chosen"} 0.1',
    'polygate_forecast_error_ratio{provider="gpu",method="naive"} 0.4',
  ]);
});

test("they are computed once an hour, however often they are read", async () => {
  const { clock, made, asked } = gauges(({ wallMs }) => told(wallMs()));
  for (let minute = 0; minute < 180; minute += 1) {
    await made.refresh();
    await made.refresh();
    await clock.advance(60_000);
  }
  expect(asked()).toBe(4); // three hours that began at some minute touch four
});

test("a history that cannot be read is asked again a minute later at the earliest, and nothing old is told meanwhile", async () => {
  let isAway = false;
  const { clock, made, asked, lines } = gauges(({ wallMs }) => {
    if (isAway) throw new Error("away");
    return told(wallMs());
  });
  await made.refresh();
  isAway = true;
  await clock.advance(hourMs);
  for (let second = 0; second < 120; second += 10) {
    await made.refresh();
    await clock.advance(10_000);
  }
  expect(asked()).toBe(3);
  expect(await lines()).toEqual([]);
});

test("what was read before the hour began is told, and asked for again", async () => {
  const { clock, made, asked } = gauges(({ wallMs }) => told(wallMs() - hourMs));
  await made.refresh();
  await clock.advance(60_000);
  await made.refresh();
  expect(asked()).toBe(2);
});
