import { describe, expect, test } from "vitest";
import { failureOf, Statistics, versionsMax } from "#backends/inference-statistics.ts";
import { fault } from "#errors/fault.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const one = { model: "m", version: "1" };

test("requests, rows and runs are three counts, and each stage has its time", () => {
  const statistics = new Statistics(createManualClock());
  statistics.onRun({ ...one, rows: 3, computeMs: 6 });
  statistics.onSuccess({ ...one, totalMs: 10, queueMs: 2, computeMs: 6 });
  statistics.onSuccess({ ...one, totalMs: 12, queueMs: 4, computeMs: 6 });
  statistics.onRun({ ...one, rows: 1, computeMs: 2 });
  statistics.onFail({ ...one, totalMs: 5, failure: "CANCELED" });
  statistics.onHandling({ ...one, preprocessMs: 7, postprocessMs: 1 });
  statistics.onHandling({ ...one, postprocessMs: 1 });
  expect(statistics.all()).toMatchObject([
    {
      ...one,
      inferences: 4,
      executions: 2,
      success: { count: 2, totalMs: 22 },
      fail: { count: 1, totalMs: 5 },
      failures: { REJECTED: 0, CANCELED: 1, BACKEND: 0, OTHER: 0 },
      queue: { count: 2, totalMs: 6 },
      preprocess: { count: 1, totalMs: 7 },
      compute: { count: 2, totalMs: 12 },
      postprocess: { count: 2, totalMs: 2 },
      batches: [
        { rows: 1, compute: { count: 1, totalMs: 2 } },
        { rows: 3, compute: { count: 1, totalMs: 6 } },
      ],
    },
  ]);
  expect(statistics.all()[0]).not.toHaveProperty("shadow");
});

test("copies of requests are counted by what came of them", () => {
  const statistics = new Statistics(createManualClock());
  for (const outcome of ["agreed", "agreed", "differed", "failed", "skipped"] as const) {
    statistics.onShadow({ ...one, outcome });
  }
  expect(statistics.all()[0]?.shadow).toEqual({ compared: 3, agreed: 2, failed: 1, skipped: 1 });
});

test("what the cache answered is a success, and neither an inference nor an execution", () => {
  const statistics = new Statistics(createManualClock());
  statistics.onHandling({ ...one, cache: { result: "miss", ms: 1 } });
  statistics.onRun({ ...one, rows: 1, computeMs: 6 });
  statistics.onSuccess({ ...one, totalMs: 7, queueMs: 1, computeMs: 6 });
  statistics.onHandling({ ...one, cache: { result: "hit", ms: 2 } });
  expect(statistics.all()).toMatchObject([
    {
      inferences: 1,
      executions: 1,
      success: { count: 2, totalMs: 9 },
      compute: { count: 1, totalMs: 6 },
      cacheHit: { count: 1, totalMs: 2 },
      cacheMiss: { count: 1, totalMs: 1 },
    },
  ]);
});

test("versions come by model and number, and words after numbers", () => {
  const statistics = new Statistics(createManualClock());
  for (const [model, version] of [
    ["b", "1"],
    ["a", "canary"],
    ["a", "10"],
    ["a", ""],
    ["a", "9"],
  ] as const) {
    statistics.onRun({ model, version, rows: 1, computeMs: 1 });
  }
  expect(statistics.all().map(({ model, version }) => model + version)).toEqual([
    "a",
    "a9",
    "a10",
    "acanary",
    "b1",
  ]);
});

test("of more versions than are remembered the first is forgotten", () => {
  const statistics = new Statistics(createManualClock());
  for (let version = 0; version <= versionsMax; version++) {
    statistics.onRun({ model: "m", version: String(version), rows: 1, computeMs: 1 });
  }
  const versions = statistics.all().map(({ version }) => version);
  expect([versions.length, versions[0]]).toEqual([versionsMax, "1"]);
});

describe("failures are called what Triton calls them", () => {
  const rows = [
    { reason: "OVERLOADED", failure: "REJECTED" },
    { reason: "SHUTTING_DOWN", failure: "REJECTED" },
    { reason: "CANCELLED", failure: "CANCELED" },
    { reason: "DEADLINE_EXCEEDED", failure: "CANCELED" },
    { reason: "BACKEND_LOST", failure: "BACKEND" },
    { reason: "BACKEND_FAILED", failure: "BACKEND" },
    { reason: "TENSOR_INVALID", failure: "OTHER" },
  ] as const;
  test.each(rows)("$reason is $failure", ({ reason, failure }) => {
    expect(failureOf(fault(reason, "text"))).toBe(failure);
  });
});
