/** Calls are written down off their path, within bounds, and what is lost is counted. */

import { describe, expect, test } from "vitest";
import type { HistoryBucket, HistorySample } from "#history/bucket.ts";
import { MemoryHistory } from "#history/memory-store.ts";
import { HistoryRecorder, type RecorderOptions } from "#history/recorder.ts";
import { resolutionsOf } from "#history/store.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const resolutions = resolutionsOf(30 * 24 * 3_600_000);

/** A memory store that can be told to fail, and that counts its writes. */
class FailingStore extends MemoryHistory {
  isFailing = false;
  writes: number[] = [];

  override async write(buckets: readonly HistoryBucket[]): Promise<void> {
    if (this.isFailing) throw new Error("disk full");
    this.writes.push(buckets.length);
    await super.write(buckets);
  }
}

function setting(more: Partial<RecorderOptions> = {}) {
  const clock = createManualClock();
  const store = new FailingStore();
  const states: string[] = [];
  let lost = 0;
  const recorder = new HistoryRecorder({
    ...{ store, resolutions, clock },
    onStore: (state) => states.push(state),
    onLost: (count) => {
      lost += count;
    },
    ...more,
  });
  const sample = (facts: Partial<HistorySample> = {}): HistorySample => ({
    wallMs: clock.wallMs(),
    provider: "p",
    model: "m",
    blame: undefined,
    latencyMs: 10,
    firstMs: undefined,
    tokens: 1,
    cost: 0,
    ...facts,
  });
  const kept = async (stepMs = 10_000) => {
    const all: HistoryBucket[] = [];
    const range = { stepMs, fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
    for await (const slice of store.read(range)) all.push(...slice);
    return all;
  };
  const requests = async (stepMs?: number) =>
    (await kept(stepMs)).reduce((sum, { sums }) => sum + sums.requests, 0);
  return { clock, store, recorder, sample, kept, requests, states, lost: () => lost };
}

test("a thousand calls of half a second are one batch of a bucket per step", async () => {
  const { clock, store, recorder, sample, requests } = setting();
  for (let call = 0; call < 1_000; call += 1) recorder.add(sample());
  expect(store.writes).toEqual([]);
  await clock.advance(500);
  expect(store.writes).toEqual([3]);
  for (const { stepMs } of resolutions) expect(await requests(stepMs)).toBe(1_000);
});

test("no number of calls is too many: each is summed up as it ends", async () => {
  const { clock, recorder, sample, requests, lost } = setting();
  for (let call = 0; call < 100_000; call += 1) recorder.add(sample({ model: `m${call % 7}` }));
  await clock.advance(500);
  for (let call = 0; call < 1_000; call += 1) recorder.add(sample());
  await clock.advance(500);
  for (const { stepMs } of resolutions) expect(await requests(stepMs)).toBe(101_000);
  expect([recorder.lost, lost()]).toEqual([0, 0]);
});

test("a call that ends while its bucket is being written is in the next batch", async () => {
  const { clock, store, recorder, sample, requests } = setting();
  recorder.add(sample());
  store.isFailing = true;
  const flushed = recorder.flush();
  recorder.add(sample());
  await flushed;
  store.isFailing = false;
  recorder.add(sample());
  await clock.advance(1_000);
  expect(await requests()).toBe(3);
});

test("calls that end in one step after others of the next are in their own", async () => {
  const { clock, recorder, sample, kept } = setting();
  const before = clock.wallMs();
  await clock.advance(10_000);
  recorder.add(sample());
  recorder.add(sample({ wallMs: before }));
  await clock.advance(500);
  expect((await kept()).map(({ sums }) => sums.requests)).toEqual([1, 1]);
});

describe("a store that fails", () => {
  test("is told once, tried again, and has every call when it works again", async () => {
    const { clock, store, recorder, sample, requests, states, lost } = setting();
    store.isFailing = true;
    recorder.add(sample());
    await clock.advance(2_000);
    recorder.add(sample());
    await clock.advance(2_000);
    expect([states, recorder.isFailing]).toEqual([["failing"], true]);
    store.isFailing = false;
    await clock.advance(1_000);
    expect([await requests(), states, lost()]).toEqual([2, ["failing", "working"], 0]);
    await clock.advance(60_000);
    expect(clock.sleeping()).toBe(0);
  });

  test("for long makes the oldest calls be lost, counted once each, and memory stays bounded", async () => {
    const { clock, store, recorder, sample, requests, lost } = setting({ bucketsMax: 30 });
    store.isFailing = true;
    for (let step = 0; step < 100; step += 1) {
      recorder.add(sample());
      await clock.advance(10_000);
    }
    expect(recorder.lost).toBeGreaterThan(0);
    store.isFailing = false;
    await clock.advance(1_000);
    expect((await requests()) + lost()).toBe(100);
    expect(store.writes.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(30);
  });
});

test("names of models beyond the bound share a bucket; a name is cut, and holds no line end", async () => {
  const { clock, recorder, sample, kept } = setting();
  for (let name = 0; name < 300; name += 1) recorder.add(sample({ model: `m${name}` }));
  recorder.add(sample({ model: "m0" }));
  await clock.advance(500);
  const buckets = await kept();
  expect(buckets).toHaveLength(101);
  expect(buckets.find(({ model }) => model === "(others)")?.sums.requests).toBe(200);
  expect(buckets.find(({ model }) => model === "m0")?.sums.requests).toBe(2);
  const other = setting();
  other.recorder.add(other.sample({ model: `a\nb${"x".repeat(1_000)}` }));
  await other.clock.advance(500);
  const [bucket] = await other.kept();
  expect([bucket?.model.length, bucket?.model.slice(0, 4)]).toEqual([256, "a bx"]);
});

test("a name holds nothing that a database refuses, and names that come to the same share a bucket", async () => {
  const { clock, recorder, sample, kept } = setting();
  for (const model of ["a\0b", "a b", "half \ud83d", "half \ufffd"])
    recorder.add(sample({ model }));
  await clock.advance(500);
  expect((await kept()).map(({ model, sums }) => [model, sums.requests])).toEqual([
    ["a b", 2],
    ["half \ufffd", 2],
  ]);
});

test("what is older than each step is kept for is forgotten", async () => {
  const { clock, recorder, sample, requests } = setting();
  recorder.add(sample());
  await clock.advance(26 * 3_600_000);
  recorder.add(sample());
  await clock.advance(500);
  expect([await requests(10_000), await requests(60_000), await requests(3_600_000)]).toEqual([
    1, 1, 2,
  ]);
});
