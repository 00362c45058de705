/** Sums and series of a history are those of the calls that were put in, and percentiles are near the true ones. */

import { describe, expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { Availability } from "#history/availability.ts";
import type { HistorySample } from "#history/bucket.ts";
import { LatencyHistogram } from "#history/latency-histogram.ts";
import { MemoryHistory } from "#history/memory-store.ts";
import { gridOf, linesOf, totalsOf } from "#history/reading.ts";
import { HistoryRecorder } from "#history/recorder.ts";
import { resolutionsOf } from "#history/store.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const hourMs = 3_600_000;
const resolutions = resolutionsOf(30 * 24 * hourMs);

async function history(samples: (nowMs: number) => Partial<HistorySample>[]) {
  const clock = createManualClock();
  const store = new MemoryHistory();
  const recorder = new HistoryRecorder({ store, resolutions, clock });
  const nowMs = clock.wallMs();
  for (const facts of samples(nowMs)) {
    const usual = { wallMs: nowMs, provider: "p", model: "m", blame: undefined };
    recorder.add({ ...usual, latencyMs: 10, firstMs: undefined, tokens: 0, cost: 0, ...facts });
  }
  await recorder.flush();
  return { store, nowMs, at: { nowMs, resolutions } };
}

describe("percentiles", () => {
  test("are within 5 % of the true ones, whatever the latencies", () => {
    const rng = seededRng(3);
    for (const spread of [1, 3, 8]) {
      const histogram = new LatencyHistogram();
      const all = Array.from({ length: 5_000 }, () => Math.exp(spread * rng.next()) * 2);
      for (const ms of all) histogram.add(ms);
      const sorted = all.toSorted((a, b) => a - b);
      for (const share of [0.01, 0.5, 0.95, 0.99, 1]) {
        const exact = sorted[Math.ceil(share * sorted.length) - 1]!;
        expect(Math.abs(histogram.percentile(share) / exact - 1)).toBeLessThan(0.051);
      }
    }
  });

  test("of parts that are merged, or written and read, are those of the whole", () => {
    const [one, other, whole] = [
      new LatencyHistogram(),
      new LatencyHistogram(),
      new LatencyHistogram(),
    ];
    for (let ms = 1; ms < 2_000; ms += 7) {
      (ms % 2 === 0 ? one : other).add(ms);
      whole.add(ms);
    }
    one.merge(LatencyHistogram.fromText(other.toText()));
    expect(one.toText()).toBe(whole.toText());
  });

  test("are bounded for times that cannot be, and texts that are none", () => {
    const histogram = new LatencyHistogram();
    for (const ms of [Number.NaN, -1, 0, Number.POSITIVE_INFINITY, 1e300]) histogram.add(ms);
    expect(histogram.toText().split(",").length).toBeLessThanOrEqual(241);
    for (const text of ["", "x,y", "1e9,5", "-4,1", "0.5,3"]) {
      expect(LatencyHistogram.fromText(text).percentile(0.5)).toBe(0);
    }
    expect(new LatencyHistogram().percentile(0.5)).toBe(0);
  });
});

describe("sums of the last hours", () => {
  test("are by provider and by model, with errors by blame and latencies of what succeeded", async () => {
    const { store, at } = await history(() => [
      { latencyMs: 100, firstMs: 40, tokens: 10, cost: 0.5 },
      { latencyMs: 300, tokens: 30, model: "n" },
      { latencyMs: 9_999, blame: "upstream" },
      { blame: "caller", provider: "q", model: "" },
      { blame: "gateway", provider: "q" },
    ]);
    const { provider, model } = await totalsOf(store, 1, at);
    expect(provider.get("p")).toMatchObject({
      requests: 3,
      upstreamErrors: 1,
      latencyMsSum: 400,
      latencyCount: 2,
      firstMsSum: 40,
      firstCount: 1,
      tokens: 40,
      cost: 0.5,
    });
    expect(provider.get("q")).toMatchObject({ requests: 2, callerErrors: 1, gatewayErrors: 1 });
    expect([...model.keys()]).toEqual(["m", "n"]);
  });

  test("are exact to the minute within a day, and to the hour beyond", async () => {
    const { store, at } = await history((nowMs) => [
      { wallMs: nowMs - 59 * 60_000 },
      { wallMs: nowMs - 61 * 60_000 },
      { wallMs: nowMs - 23 * hourMs },
      { wallMs: nowMs - 25 * hourMs },
      { wallMs: nowMs - 47 * hourMs },
      { wallMs: nowMs - 50 * hourMs },
    ]);
    const count = async (hours: number) =>
      (await totalsOf(store, hours, at)).provider.get("p")?.requests;
    expect([await count(1), await count(2), await count(24), await count(48)]).toEqual([
      1, 2, 3, 5,
    ]);
  });
});

describe("series", () => {
  test("have each call in its step, the last step being now", async () => {
    const { store, nowMs, at } = await history((now) => [
      { wallMs: now },
      { wallMs: now - 30 * 60_000, latencyMs: 50 },
      { wallMs: now - 30 * 60_000, latencyMs: 150 },
    ]);
    const grid = gridOf(1, 60_000, at);
    expect(grid).toMatchObject({ readMs: 60_000, stepMs: 60_000, count: 61 });
    const { lines } = await linesOf(store, grid, { by: "provider", names: new Set() });
    const [line] = lines;
    expect([...(line?.steps.keys() ?? [])].toSorted((a, b) => a - b)).toEqual([30, 60]);
    expect(line?.steps.get(30)).toMatchObject({ requests: 2, latencyMsSum: 200 });
    expect(grid.startMs + grid.count * grid.stepMs).toBeGreaterThan(nowMs);
  });

  test("come with most calls first, only those that are named", async () => {
    const { store, at } = await history(() => [
      { model: "a" },
      { model: "b" },
      { model: "b" },
      { model: "c" },
    ]);
    const names = async (...wanted: string[]) => {
      const wish = { by: "model" as const, names: new Set(wanted) };
      return (await linesOf(store, gridOf(1, undefined, at), wish)).lines.map(({ name }) => name);
    };
    expect(await names()).toEqual(["b", "a", "c"]);
    expect(await names("c", "nobody")).toEqual(["c"]);
  });

  test("have steps as wished, longer where that would be too many or is not kept so finely", () => {
    const nowMs = Date.UTC(2026, 0, 31, 9, 5, 7);
    const steps = (hours: number, wished?: number) => {
      const { readMs, stepMs, count } = gridOf(hours, wished, { nowMs, resolutions });
      return [readMs / 1000, stepMs / 1000, count];
    };
    expect(steps(1)).toEqual([60, 60, 61]);
    expect(steps(1, 10_000)).toEqual([10, 10, 361]);
    expect(steps(2, 10_000)).toEqual([60, 60, 121]);
    expect(steps(24, 10_000)).toEqual([60, 60, 1441]);
    expect(steps(24)).toEqual([60, 1440, 61]);
    expect(steps(720, 10_000)).toEqual([3600, 3600, 721]);
    expect(steps(24, 86_400_000)).toEqual([3600, 86_400, 2]);
  });

  test("of more names than fit are counted and left out", async () => {
    const { store, at } = await history((now) =>
      Array.from({ length: 2_500 }, (_, index) => ({ provider: `p${index}`, wallMs: now })),
    );
    const wish = { by: "provider" as const, names: new Set<string>() };
    const { lines, leftOut } = await linesOf(store, gridOf(1, undefined, at), wish);
    expect([lines.length, leftOut]).toEqual([2_000, 500]);
    const { provider } = await totalsOf(store, 1, at);
    expect(provider.get("(others)")?.requests).toBe(500);
  });
});

describe("availability", () => {
  test("is the share of time in which an endpoint was healthy, as far as anything is known", async () => {
    const clock = createManualClock();
    const availability = new Availability(clock);
    expect(availability.share("p", hourMs)).toBeUndefined();
    availability.note("p", "a", true);
    expect(availability.share("p", hourMs)).toBe(1);
    await clock.advance(30 * 60_000);
    availability.note("p", "a", false);
    await clock.advance(10 * 60_000);
    expect(availability.share("p", hourMs)).toBe(0.75);
    availability.note("p", "b", true);
    await clock.advance(10 * 60_000);
    expect(availability.share("p", 20 * 60_000)).toBe(0.5);
    // One of two is enough.
    availability.note("p", "a", true);
    availability.note("p", "b", false);
    await clock.advance(20 * 60_000);
    expect(availability.share("p", 20 * 60_000)).toBe(1);
  });

  test("of an endpoint that comes and goes forgets what was before its last thousand changes", async () => {
    const clock = createManualClock();
    const availability = new Availability(clock);
    availability.note("p", "a", true);
    await clock.advance(hourMs);
    for (let change = 0; change < 1_001; change += 1) availability.note("p", "a", change % 2 === 1);
    await clock.advance(60_000);
    expect(availability.share("p", 2 * hourMs)).toBe(0);
  });
});
