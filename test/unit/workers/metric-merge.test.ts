/** The metrics of several threads as one. */

import fc from "fast-check";
import Registry from "prom-client/lib/registry.js";
import { expect, test } from "vitest";
import { expositionOf, snapshotOf } from "#observability/family.ts";
import { makersOn } from "#observability/metric-makers.ts";
import { lasting, mergedMetrics, metricsText, ofThread } from "#workers/metric-merge.ts";

function metricsOfThread() {
  const registry = new Registry();
  const make = makersOn(registry);
  return {
    registry,
    calls: make.counter("calls_total", "Calls.", ["code"]),
    seconds: make.seconds("call_seconds", "Time.", ["code"]),
    open: make.gauge("open", "Open ones.", []),
    level: make.gauge("level", "The level.", ["of"], "max"),
    up: make.gauge("up", "Whether it is up.", [], "min"),
    share: make.gauge("share", "A share.", [], "average"),
  };
}

test("one thread's metrics are told as its registry tells them", async () => {
  const { registry, calls, seconds, open, level } = metricsOfThread();
  calls.inc({ code: 'a "quoted"\nname' }, 3);
  seconds.observe({ code: "OK" }, 0.3);
  open.set(Number.POSITIVE_INFINITY);
  level.set({ of: "x" }, Number.NaN);
  const told = metricsText(mergedMetrics([await snapshotOf(registry)]));
  // prom-client writes NaN as Nan.
  expect(told.replace("NaN", "Nan")).toBe(await expositionOf(registry));
});

test("counts and times are added up, and each gauge is merged as it says", async () => {
  const one = metricsOfThread();
  const other = metricsOfThread();
  for (const [{ calls, seconds, open, level, up, share }, by] of [
    [one, 1],
    [other, 2],
  ] as const) {
    calls.inc({ code: "OK" }, by);
    calls.inc({ code: `own ${by}` });
    seconds.observe({ code: "OK" }, by);
    open.set(by);
    level.set({ of: "x" }, by);
    up.set(by - 1);
    share.set(by);
  }
  const told = metricsText(
    mergedMetrics([await snapshotOf(one.registry), await snapshotOf(other.registry)]),
  );
  expect(told).toContain('calls_total{code="OK"} 3');
  expect(told).toContain('calls_total{code="own 1"} 1');
  expect(told).toContain('call_seconds_count{code="OK"} 2');
  expect(told).toContain('call_seconds_sum{code="OK"} 3');
  expect(told).toContain('call_seconds_bucket{le="1",code="OK"} 1');
  expect(told).toContain("\nopen 3");
  expect(told).toContain('level{of="x"} 2');
  expect(told).toContain("\nup 0");
  expect(told).toContain("\nshare 1.5");
});

test("no count falls, whatever threads come, count and leave", async () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("count" as const), thread: fc.nat({ max: 3 }) }),
      fc.record({ kind: fc.constant("leave" as const), thread: fc.nat({ max: 3 }) }),
    ),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const threads = Array.from({ length: 4 }, metricsOfThread);
      let left = mergedMetrics([]);
      let before = 0;
      for (const { kind, thread } of all) {
        const found = threads[thread];
        if (found === undefined) continue;
        if (kind === "count") {
          found.calls.inc({ code: "OK" });
        } else {
          left = mergedMetrics([left, lasting(await snapshotOf(found.registry))]);
          threads[thread] = metricsOfThread();
        }
        const living = await Promise.all(threads.map(({ registry }) => snapshotOf(registry)));
        const calls = mergedMetrics([...living.map(ofThread), left]).find(({ head }) =>
          head.includes("calls_total"),
        );
        const value = calls?.values[0] ?? 0;
        expect(value).toBeGreaterThanOrEqual(before);
        before = value;
      }
      expect(before).toBe(all.filter(({ kind }) => kind === "count").length);
    }),
    { numRuns: 30 },
  );
});

test("what the process is, is told by its main thread alone", () => {
  const head = (name: string) => `# HELP ${name} Text.\n# TYPE ${name} counter`;
  const told = ["process_cpu_seconds_total", "calls_total"].map((name) => ({
    ...{ head: head(name), type: "counter", merge: "sum" as const },
    ...{ lines: [`\n${name} `], values: [1] },
  }));
  expect(ofThread(told).map((one) => one.head)).toEqual([head("calls_total")]);
});
