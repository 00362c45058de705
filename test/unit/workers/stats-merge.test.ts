/** The statistics of several threads as one. */

import { expect, test } from "vitest";
import { Statistics } from "#backends/inference-statistics.ts";
import { systemClock } from "#core/clock.ts";
import { createStats, namesMax, samplesMax, totalsFrom } from "#observability/stats.ts";
import { statsSnapshotOf } from "#services/stats-snapshot.ts";
import { lastingStats, mergedStats } from "#workers/stats-merge.ts";

/** What a thread tells that had calls of these times. */
function threadOf(...timesMs: number[]) {
  const stats = createStats(systemClock);
  for (const ms of timesMs) {
    stats.add("method", "m", ms, { failed: ms > 100, tokens: 2, cost: 0.5 });
  }
  return statsSnapshotOf(stats, {});
}

test("counts are added up, and percentiles are those of all calls, not of the threads' percentiles", () => {
  const times = Array.from({ length: 100 }, (_, at) => at + 1);
  const whole = threadOf(...times, 500).series.method.get("m");
  const merged = mergedStats([threadOf(...times), threadOf(500)]).series.method.get("m");
  expect(merged).toMatchObject({ requests: 101, errors: 1, tokens: 202, cost: 50.5 });
  expect(merged && totalsFrom(merged)).toEqual(whole && totalsFrom(whole));
});

test("inferences are added up by model and version, runs by their rows", () => {
  const tellOf = (rows: readonly number[]) => {
    const statistics = new Statistics({ ...systemClock, wallMs: () => rows.length });
    for (const count of rows) {
      statistics.onRun({ model: "a", version: "1", rows: count, computeMs: 1 });
      statistics.onSuccess({ model: "a", version: "1", totalMs: 2, queueMs: 1, computeMs: 1 });
      statistics.onFail({ model: "a", version: "1", totalMs: 1, failure: "REJECTED" });
    }
    return statistics.all();
  };
  const snapshots = [[1, 4], [4]].map((rows) => ({
    ...threadOf(),
    inferences: tellOf(rows),
  }));
  const [one] = mergedStats(snapshots).inferences;
  expect(one).toEqual({ ...tellOf([1, 4, 4])[0], lastMs: 2 });
});

test("of threads that have left stays what they counted, within the bounds of one thread", () => {
  const stats = createStats(systemClock);
  stats.begin("method", "m");
  let left = lastingStats(statsSnapshotOf(stats, {}));
  for (let thread = 0; thread < 3; thread += 1) {
    const one = createStats(systemClock);
    for (let name = 0; name < namesMax; name += 1) {
      one.add("model", `${thread} ${name}`, 1, { failed: false });
    }
    for (let call = 0; call < samplesMax; call += 1)
      one.add("method", "m", thread, { failed: false });
    left = lastingStats(mergedStats([left, statsSnapshotOf(one, {})]));
  }
  expect(left.series.method.get("m")).toMatchObject({ requests: 3 * samplesMax, inFlight: 0 });
  // The latest ones.
  expect(left.series.method.get("m")?.latestMs).toEqual(new Float64Array(samplesMax).fill(2));
  expect(left.series.model.size).toBe(namesMax);
});
