/** GetForecast tells of whole hours that the history has, and of no more than those can be tried for. */

import { create } from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { GetForecastRequestSchema, HistoryKey, StatsService } from "#gen/polygate/v1/stats_pb.js";
import { Availability } from "#history/availability.ts";
import { MemoryHistory } from "#history/memory-store.ts";
import { HistoryRecorder } from "#history/recorder.ts";
import { resolutionsOf } from "#history/store.ts";
import { createForecast, Forecaster } from "#services/forecast.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const hourMs = 3_600_000;

/** A forecast of a history with so many calls of each provider in the hour of each step ago. */
async function forecastOf(
  callsByHour: Readonly<Record<string, (hoursAgo: number) => number>>,
  pastHours: number,
  request: { hours?: number; by?: HistoryKey; names?: string[] } = {},
) {
  const clock = createManualClock();
  const store = new MemoryHistory();
  const resolutions = resolutionsOf(30 * 24 * hourMs);
  const recorder = new HistoryRecorder({ store, resolutions, clock });
  for (let hoursAgo = pastHours; hoursAgo >= 0; hoursAgo -= 1) {
    for (const [provider, callsIn] of Object.entries(callsByHour)) {
      for (let call = callsIn(hoursAgo); call > 0; call -= 1) {
        const wallMs = clock.wallMs() - hoursAgo * hourMs;
        const facts = { model: `${provider}-model`, blame: undefined, firstMs: undefined };
        recorder.add({ wallMs, provider, ...facts, latencyMs: 10, tokens: 20, cost: 0.5 });
      }
    }
  }
  const availability = new Availability(clock);
  const deps = { clock, store, recorder, resolutions, availability, cacheTtlMs: 0 };
  const { getForecast } = createForecast(new Forecaster(deps), deps);
  const context = createHandlerContext({
    service: StatsService,
    method: StatsService.method.getForecast,
    protocolName: "test",
    requestMethod: "GET",
    url: "http://localhost/",
    contextValues: createContextValues(),
  });
  const told = await getForecast(create(GetForecastRequestSchema, request), context);
  return { told, nowMs: clock.wallMs() };
}

test("calls, tokens and prices of each provider, from the hour that is not over; those with most calls first", async () => {
  const { told, nowMs } = await forecastOf({ few: () => 2, many: () => 6 }, 30, { hours: 3 });
  expect(told).toMatchObject({
    startTime: { seconds: BigInt(Math.floor(nowMs / hourMs) * 3_600) },
    ...{ stepSeconds: 3_600, steps: 3, knownHours: 30, leftOut: 0, lost: 0 },
    series: [
      {
        name: "many",
        error: 0,
        requests: [6, 6, 6],
        requestsLow: [6, 6, 6],
        requestsHigh: [6, 6, 6],
        tokens: [120, 120, 120],
        cost: [3, 3, 3],
      },
      { name: "few", requests: [2, 2, 2] },
    ],
  });
});

test("hours before the first call of all are not known; those of a provider that came later had none", async () => {
  const { told } = await forecastOf(
    { old: () => 5, young: (hoursAgo) => (hoursAgo <= 3 ? 1 : 0) },
    10,
    { hours: 48 },
  );
  expect([told.knownHours, told.steps]).toEqual([10, 5]);
  expect(told.series?.map(({ name }) => name)).toEqual(["old", "young"]);
  expect(told.series?.[0]?.requests).toEqual([5, 5, 5, 5, 5]);
  expect(told.series?.[1]?.error).toBeGreaterThan(0.1);
});

test("less than six hours tell nothing, instead of something made up", async () => {
  const { told } = await forecastOf({ one: () => 5 }, 5);
  expect(told).toMatchObject({ steps: 0, knownHours: 5, series: [], leftOut: 0 });
});

test("a gateway without calls tells nothing", async () => {
  const { told } = await forecastOf({}, 5);
  expect(told).toMatchObject({ steps: 0, knownHours: 0, series: [] });
});

test("by model, and only those that are asked for", async () => {
  const { told } = await forecastOf({ a: () => 1, b: () => 2 }, 20, {
    by: HistoryKey.MODEL,
    names: ["a-model", "no-model"],
  });
  expect(told.series?.map(({ name }) => name)).toEqual(["a-model"]);
});

test("of more series than the bound, those with most calls are told, and the others counted", async () => {
  const all = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`p${i}`, () => i + 1]));
  const { told } = await forecastOf(all, 8);
  expect([told.series?.length, told.leftOut, told.series?.[0]?.name]).toEqual([50, 10, "p59"]);
});
