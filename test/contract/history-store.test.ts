/** What every store of a history keeps to, in memory and in a file. */

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type HistoryBucket, HistorySums } from "#history/bucket.ts";
import { MemoryHistory } from "#history/memory-store.ts";
import { SqliteHistory } from "#history/sqlite-store.ts";
import type { HistoryStore } from "#history/store.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const stores: Readonly<Record<string, (folder: string) => HistoryStore>> = {
  memory: () => new MemoryHistory(),
  sqlite: (folder) => new SqliteHistory(join(folder, "history.db")),
};

function bucket(
  startMs: number,
  facts: Partial<HistoryBucket> = {},
  latencies = [5],
): HistoryBucket {
  const sums = new HistorySums();
  for (const latencyMs of latencies) {
    const blame = undefined;
    sums.add({
      ...{ wallMs: startMs, provider: "", model: "", blame },
      latencyMs,
      firstMs: 2,
      tokens: 3,
      cost: 0.25,
    });
  }
  return { stepMs: 60_000, startMs, provider: "p", model: "m", sums, ...facts };
}

async function readAll(
  store: HistoryStore,
  fromMs = 0,
  toMs = Number.MAX_SAFE_INTEGER,
  stepMs = 60_000,
) {
  const slices: (readonly HistoryBucket[])[] = [];
  for await (const slice of store.read({ stepMs, fromMs, toMs })) slices.push(slice);
  return { all: slices.flat(), largest: Math.max(0, ...slices.map(({ length }) => length)) };
}

describe.each(Object.entries(stores))("%s", (_name, open) => {
  test("gives back what was written, percentiles included", async () => {
    await using folder = await temporaryFolder();
    await using store = open(folder.path);
    await store.write([
      bucket(60_000, {}, [10, 20, 1_000]),
      bucket(120_000, { model: "n\u2028'\"" }),
    ]);
    const { all } = await readAll(store);
    expect(all.map(({ startMs, provider, model }) => [startMs, provider, model])).toEqual([
      [60_000, "p", "m"],
      [120_000, "p", "n\u2028'\""],
    ]);
    const sums = all[0]!.sums;
    expect(sums).toMatchObject({
      requests: 3,
      latencyMsSum: 1030,
      firstCount: 3,
      tokens: 9,
      cost: 0.75,
    });
    expect(sums.latencies.percentile(0.99) / 1_000).toBeCloseTo(1, 1);
  });

  test("has one bucket of a key: the last that was written", async () => {
    await using folder = await temporaryFolder();
    await using store = open(folder.path);
    await store.write([bucket(60_000)]);
    await store.write([bucket(60_000, {}, [1, 2, 3, 4])]);
    const { all } = await readAll(store);
    expect(all.map(({ sums }) => sums.requests)).toEqual([4]);
  });

  test("gives the buckets of a range, its end excluded, and of one step only", async () => {
    await using folder = await temporaryFolder();
    await using store = open(folder.path);
    await store.write([1, 2, 3].map((minute) => bucket(minute * 60_000)));
    await store.write([bucket(0, { stepMs: 3_600_000 })]);
    const { all } = await readAll(store, 60_000, 180_000);
    expect(all.map(({ startMs }) => startMs)).toEqual([60_000, 120_000]);
    expect((await readAll(store, 0, 1, 3_600_000)).all).toHaveLength(1);
  });

  test("forgets what is older, of that step only", async () => {
    await using folder = await temporaryFolder();
    await using store = open(folder.path);
    await store.write([1, 2, 3].map((minute) => bucket(minute * 60_000)));
    await store.write([bucket(0, { stepMs: 3_600_000 })]);
    await store.forget(60_000, 120_000);
    expect((await readAll(store)).all.map(({ startMs }) => startMs)).toEqual([120_000, 180_000]);
    expect((await readAll(store, 0, 1, 3_600_000)).all).toHaveLength(1);
  });

  test("gives a long range in slices, each bucket once", async () => {
    await using folder = await temporaryFolder();
    await using store = open(folder.path);
    const many = Array.from({ length: 2_500 }, (_, index) =>
      bucket(60_000 * Math.floor(index / 50), { model: `m${index % 50}` }),
    );
    await store.write(many);
    const { all, largest } = await readAll(store);
    const keys = new Set(all.map(({ startMs, model }) => `${startMs} ${model}`));
    expect([all.length, keys.size]).toEqual([2_500, 2_500]);
    expect(largest).toBeLessThanOrEqual(1_000);
  });
});

test("memory forgets the oldest buckets beyond its bound, of each step by itself", async () => {
  const store = new MemoryHistory(10);
  await store.write(Array.from({ length: 25 }, (_, minute) => bucket(minute * 60_000)));
  await store.write([bucket(0, { stepMs: 3_600_000 })]);
  expect([store.count(60_000), store.count(3_600_000)]).toEqual([10, 1]);
  expect((await readAll(store)).all[0]?.startMs).toBe(15 * 60_000);
});

describe("a SQLite file", () => {
  test("keeps its buckets over a restart, and those of two gateways beside each other", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "history.db");
    {
      await using first = new SqliteHistory(path);
      await first.write([bucket(60_000, {}, [1, 2])]);
    }
    await using second = new SqliteHistory(path);
    await using third = new SqliteHistory(path);
    await second.write([bucket(60_000, {}, [3])]);
    await third.write([bucket(60_000, {}, [4])]);
    const { all } = await readAll(second);
    expect(all.map(({ sums }) => sums.requests).toSorted((a, b) => a - b)).toEqual([1, 1, 2]);
  });

  test("that another one has locked fails at once instead of waiting, and takes the batch later", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "history.db");
    await using store = new SqliteHistory(path);
    const { DatabaseSync } = await import("node:sqlite");
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    await expect(store.write([bucket(60_000)])).rejects.toThrow(/locked/);
    other.exec("COMMIT");
    other.close();
    await store.write([bucket(60_000)]);
    expect((await readAll(store)).all).toHaveLength(1);
  });

  test("of a later version, or that is none, is refused and left as it is", async () => {
    await using folder = await temporaryFolder();
    const { DatabaseSync } = await import("node:sqlite");
    const later = join(folder.path, "later.db");
    const database = new DatabaseSync(later);
    database.exec("PRAGMA user_version = 2");
    database.close();
    expect(() => new SqliteHistory(later)).toThrow("it has version 2, and this gateway knows 1");
    const { writeFileSync, readFileSync } = await import("node:fs");
    const text = join(folder.path, "text.db");
    writeFileSync(text, "this is a text and no database, however long it may be ".repeat(40));
    expect(() => new SqliteHistory(text)).toThrow(/not a database/);
    expect(readFileSync(text, "utf8")).toContain("this is a text");
  });
});
