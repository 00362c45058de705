/** What calls spend is summed up in bounds, written in batches, and lost by no failure of the store. */

import { expect, test } from "vitest";
import { nothingSpent, type UsageRecord, UsageSums } from "#keys/usage.ts";
import { type SpentByCall, UsageRecorder } from "#keys/usage-recorder.ts";
import { createManualClock } from "../../support/manual-clock.ts";

function recorder(recordsMax?: number) {
  const clock = createManualClock(Date.UTC(2026, 0, 31, 9, 5));
  const written = new Map<string, UsageRecord>();
  const used = new Map<string, number>();
  const told: string[] = [];
  const state = { isAway: false, batches: 0, lost: 0, forgottenMs: 0 };
  const made = new UsageRecorder({
    clock,
    store: {
      async write(records) {
        if (state.isAway) throw new Error("away");
        state.batches += 1;
        for (const record of records) {
          const { startMs, key, group, model, tags } = record;
          written.set(JSON.stringify([startMs, key, group, model, tags]), record);
        }
      },
      async forget(beforeMs) {
        state.forgottenMs = beforeMs;
      },
    },
    async onUsed(times) {
      for (const [key, time] of times) used.set(key, time);
    },
    onLost: (count) => {
      state.lost += count;
    },
    onStore: (what) => told.push(what),
    ...(recordsMax === undefined ? {} : { recordsMax }),
  });
  const add = (facts: Partial<SpentByCall> = {}) =>
    made.add({
      ...{ wallMs: clock.wallMs(), key: "ci", group: "", model: "m", tags: [] },
      ...{ promptTokens: 3, completionTokens: 2, cacheReadTokens: 1, reasoningTokens: 1 },
      microUsd: 0.25,
      ...facts,
    });
  const sumBy = (by: "key" | "group" | "tag" | "model") => {
    const sums = new UsageSums(by, {});
    for (const record of written.values()) sums.add(record);
    return {
      rows: Object.fromEntries(sums.rows().map(([name, { requests }]) => [name, requests])),
      total: sums.total,
    };
  };
  return { clock, made, add, written, used, told, state, sumBy };
}

test("calls of a second are one batch, and one row for each spender and hour", async () => {
  const { clock, add, written, used, state, sumBy } = recorder();
  for (let call = 0; call < 100; call += 1) add();
  add({ key: "dev" });
  await clock.advance(1_000);
  expect([state.batches, written.size]).toEqual([1, 2]);
  expect(sumBy("key")).toEqual({
    rows: { ci: 100, dev: 1 },
    total: {
      ...{ requests: 101, promptTokens: 303, completionTokens: 202 },
      ...{ cacheReadTokens: 101, reasoningTokens: 101, microUsd: 25.25 },
    },
  });
  expect(used.get("ci")).toBe(clock.wallMs() - 1_000);
  await clock.advance(3_600_000);
  add();
  await clock.advance(1_000);
  expect(written.size).toBe(3);
  expect(sumBy("key").rows).toEqual({ ci: 101, dev: 1 });
});

test("a store that fails is tried again, and nothing is counted twice or lost", async () => {
  const { clock, add, told, state, sumBy } = recorder();
  add();
  await clock.advance(1_000);
  state.isAway = true;
  add();
  await clock.advance(1_000);
  add();
  await clock.advance(1_000);
  expect(told).toEqual(["failing", "failing"]);
  state.isAway = false;
  await clock.advance(1_000);
  expect(told.at(-1)).toBe("working");
  expect([sumBy("key").rows, state.lost]).toEqual([{ ci: 3 }, 0]);
});

test("names of models and tags that one key makes up are a hundred in an hour, and the rest others", async () => {
  const { clock, add, written, sumBy } = recorder();
  for (let call = 0; call < 1_000; call += 1) add({ model: `made-up-${call}`, tags: [`t${call}`] });
  await clock.advance(1_000);
  expect(written.size).toBe(101);
  expect(sumBy("model").rows).toMatchObject({ "made-up-0": 1, _OTHER: 900 });
  expect(sumBy("key").rows).toEqual({ ci: 1_000 });
});

test("rows that the store does not take are as many as may be; calls beyond are counted as lost", async () => {
  const { clock, add, state, sumBy } = recorder(10);
  state.isAway = true;
  for (let key = 0; key < 25; key += 1) add({ key: `key-${key}` });
  add({ key: "key-0" });
  expect(state.lost).toBe(15);
  state.isAway = false;
  await clock.advance(1_000);
  expect(sumBy("key").total.requests).toBe(11);
});

test("a call with several tags counts under each of them, and once in all", async () => {
  const { clock, add, sumBy } = recorder();
  add({ tags: ["a", "b", "a"] });
  add();
  await clock.advance(1_000);
  expect(sumBy("tag")).toMatchObject({ rows: { a: 1, b: 1, "": 1 }, total: { requests: 2 } });
});

test("usage of more than 400 days ago is forgotten", async () => {
  const { clock, add, state } = recorder();
  add();
  await clock.advance(1_000);
  const hourMs = Date.UTC(2026, 0, 31, 9);
  expect(state.forgottenMs).toBe(hourMs - 400 * 24 * 3_600_000);
});

test("sums are ordered by money, then tokens, then name, and filtered by all that is named", () => {
  const record = (key: string, spent: object, facts: object = {}): UsageRecord => ({
    ...{ startMs: 0, key, group: "g", model: "m", tags: ["t"] },
    ...facts,
    spent: { ...nothingSpent, requests: 1, ...spent },
  });
  const sums = new UsageSums("key", { tag: "t", model: "m" });
  for (const one of [
    record("cheap", { microUsd: 1 }),
    record("b", {}),
    record("a", {}),
    record("talks", { promptTokens: 5 }),
    record("dear", { microUsd: 9 }),
    record("dear", { microUsd: 9 }, { tags: [] }),
    record("dear", { microUsd: 9 }, { model: "other" }),
  ]) {
    sums.add(one);
  }
  expect(sums.rows().map(([name]) => name)).toEqual(["dear", "cheap", "talks", "a", "b"]);
  expect(sums.total.microUsd).toBe(10);
});
