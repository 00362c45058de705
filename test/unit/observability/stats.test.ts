import { describe, expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { createStats, percentile } from "#observability/stats.ts";

function timed() {
  const time = { nowMs: 0, wallMs: 1_000_000_000_000 };
  const clock = { ...systemClock, nowMs: () => time.nowMs, wallMs: () => time.wallMs };
  const stats = createStats(clock);
  const call = (ms: number, failed = false) => {
    const end = stats.begin("model", "m");
    time.nowMs += ms;
    end({ failed, tokens: 10, cost: 0.5 });
  };
  return { time, stats, call };
}

test("totals count calls, failures, times, tokens and cost", () => {
  const { stats, call } = timed();
  call(10);
  call(30, true);
  expect(stats.totals("model").get("m")).toEqual({
    requests: 2,
    errors: 1,
    inFlight: 0,
    avgLatencyMs: 20,
    p50LatencyMs: 10,
    p95LatencyMs: 30,
    p99LatencyMs: 30,
    tokens: 20,
    cost: 1,
  });
});

test("a call counts as in flight until it ends", () => {
  const { stats } = timed();
  const end = stats.begin("method", "a");
  expect(stats.totals("method").get("a")?.inFlight).toBe(1);
  end({ failed: false });
  expect(stats.totals("method").get("a")?.inFlight).toBe(0);
});

test("percentiles forget calls beyond the latest thousand", () => {
  const { stats, call } = timed();
  for (let index = 0; index < 1024; index += 1) call(1000);
  for (let index = 0; index < 1024; index += 1) call(1);
  expect(stats.totals("model").get("m")?.p99LatencyMs).toBe(1);
});

test("names beyond the bound push out the one unused for longest", () => {
  const { stats } = timed();
  for (let index = 0; index <= 1000; index += 1)
    stats.begin("model", `m${index}`)({ failed: false });
  const names = stats.totals("model");
  expect([names.size, names.has("m0"), names.has("m1000")]).toEqual([1000, false, true]);
});

describe("percentile", () => {
  const rows = [
    { name: "of nothing is 0", samples: [], share: 0.5, value: 0 },
    { name: "of one sample is that sample", samples: [7], share: 0.99, value: 7 },
    { name: "is the nearest rank", samples: [1, 2, 3, 4], share: 0.5, value: 2 },
    { name: "of 1 is the greatest", samples: [1, 2, 3], share: 1, value: 3 },
  ];
  for (const { name, samples, share, value } of rows) {
    test(name, () => expect(percentile(Float64Array.from(samples), share)).toBe(value));
  }
});
