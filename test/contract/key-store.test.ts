/** What every store of keys and usage keeps to: in a SQLite file, in a PostgreSQL database. */

import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Key } from "#keys/key.ts";
import { KeyStore } from "#keys/key-store.ts";
import { digestOf, newKeyText } from "#keys/key-text.ts";
import { SpentBefore } from "#keys/spent-before.ts";
import { nothingSpent, type UsageRecord } from "#keys/usage.ts";
import { UsageRecorder } from "#keys/usage-recorder.ts";
import { UsageStore } from "#keys/usage-store.ts";
import type { Database } from "#store/database.ts";
import { migrations as all } from "#store/migrations/list.ts";
import { PostgresDatabase } from "#store/postgres-database.ts";
import { SqliteDatabase } from "#store/sqlite-database.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { describeWith } from "../support/needs.ts";
import { missingPostgres, type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

function keyOf(name: string, facts: Partial<Key> = {}) {
  const rights = { scopes: ["route"], models: ["m*"], tags: ["t"], allowance: { burst: 2 } };
  return ({ change }: { readonly change: number }): Key => ({
    ...{ id: `key_${name}`, name, digest: digestOf(newKeyText()), prefix: "pg_live_abcd" },
    ...{ group: "g", rights, createdMs: 1_700_000_000_000, createdBy: "admin" },
    ...{ sequence: change, change },
    ...facts,
  });
}

/** `open` gives a way to open one database, as often as there are gateways. */
function contract(open: () => Promise<() => Database>) {
  test("a key is found as it was written, by id, name and digest", async () => {
    await using database = (await open())();
    const store = new KeyStore(database);
    const previous = { digest: digestOf(newKeyText()), untilMs: 1_800_000_000_000 };
    const times = { rotatedMs: 3, expiresMs: 4_000_000_000_000, usedMs: 5 };
    const key = await store.insert("a", keyOf("a", { previous, ...times }));
    expect(key).toBeDefined();
    expect(await store.find("a")).toEqual(key);
    expect(await store.find("key_a")).toEqual(key);
    expect(await store.byDigest(key?.digest ?? "")).toEqual(key);
    expect(await store.byDigest(previous.digest)).toEqual(key);
    expect(await store.find("b")).toBeUndefined();
    expect(await store.byDigest(digestOf("b"))).toBeUndefined();
  });

  test("a name is of one key that is not revoked; changes keep when a key was used", async () => {
    await using database = (await open())();
    const store = new KeyStore(database);
    await store.insert("a", keyOf("a"));
    expect(await store.insert("a", keyOf("a", { id: "key_other" }))).toBeUndefined();
    await store.insert("b", keyOf("b"));
    expect(await store.update("key_b", (key) => ({ ...key, name: "a" }))).toBe("taken");
    expect(await store.update("key_no", (key) => key)).toBeUndefined();
    await store.used(new Map([["a", 500]]));
    await store.used(new Map([["a", 400]]));
    await store.update("key_a", (key) => ({ ...key, usedMs: 1, revokedMs: 9 }));
    expect(await store.find("key_a")).toMatchObject({ usedMs: 500, revokedMs: 9 });
    expect(await store.find("a")).toBeUndefined();
    expect(await store.insert("a", keyOf("a", { id: "key_new" }))).toMatchObject({ name: "a" });
    const { keys } = await store.snapshot(10, 0);
    expect(new Set(keys.map(({ id }) => id))).toEqual(new Set(["key_b", "key_new"]));
  });

  test("whoever follows the changes of several gateways misses none, however they write", async () => {
    const opened = await open();
    await using one = opened();
    await using two = opened();
    await using three = opened();
    const [first, second, follower] = [one, two, three].map((each) => new KeyStore(each)) as [
      KeyStore,
      KeyStore,
      KeyStore,
    ];
    const { change } = await follower.snapshot(10, 0);
    const count = 40;
    let isWriting = true;
    const written = Promise.all(
      [first, second].map(async (store, writer) => {
        for (let key = 0; key < count; key += 1) {
          const name = `${writer}-${key}`;
          await store.insert(name, keyOf(name));
        }
      }),
    ).finally(() => {
      isWriting = false;
    });
    const seen: string[] = [];
    let last = change;
    let isDone = false;
    while (!isDone) {
      isDone = !isWriting;
      const changes = await follower.changesAfter(last);
      seen.push(...changes.map(({ name }) => name));
      last = changes.at(-1)?.change ?? last;
      await turn();
    }
    await written;
    expect(seen).toHaveLength(2 * count);
    expect(new Set(seen).size).toBe(2 * count);
  });

  test("usage is read as it was written last, of all runs, in slices, until it is forgotten", async () => {
    const opened = await open();
    await using one = opened();
    await using two = opened();
    const [here, there] = [new UsageStore(one), new UsageStore(two)];
    const record = (startMs: number, key: string, requests: number, model = "m"): UsageRecord => ({
      ...{ startMs, key, group: "", model, tags: ["a", "b"] },
      spent: { ...nothingSpent, requests, microUsd: requests / 4 },
    });
    const all = async (fromMs: number, toMs: number, key?: string) => {
      let requests = 0;
      let microUsd = 0;
      for await (const records of here.read(fromMs, toMs, key)) {
        for (const { spent, tags } of records) {
          expect(tags).toEqual(["a", "b"]);
          requests += spent.requests;
          microUsd += spent.microUsd;
        }
      }
      return { requests, microUsd };
    };
    await here.write([record(0, "k", 1), record(3_600_000, "k", 2)]);
    await here.write([record(0, "k", 5)]);
    await there.write([record(0, "k", 3), record(0, "other", 7)]);
    expect(await all(0, 3_600_001)).toEqual({ requests: 17, microUsd: 4.25 });
    expect(await all(0, 3_600_000)).toEqual({ requests: 15, microUsd: 3.75 });
    expect(await all(0, 3_600_001, "k")).toEqual({ requests: 10, microUsd: 2.5 });
    const many = Array.from({ length: 1_203 }, (_, at) =>
      record(7_200_000, "k", 1, `model-of-a-long-name-${"x".repeat(200)}-${at}`),
    );
    await here.write(many);
    expect((await all(7_200_000, 7_200_001)).requests).toBe(1_203);
    await here.forget(7_200_000);
    expect((await all(0, 9_000_000)).requests).toBe(1_203);
  });

  test("what was spent until a moment is each call once: those of other runs, and those of this one, written or not", async () => {
    const opened = await open();
    await using one = opened();
    await using two = opened();
    const hour = 3_600_000;
    const clock = createManualClock(10 * 24 * hour);
    const runOf = (database: Database) => {
      const store = new UsageStore(database);
      const recorder = new UsageRecorder({
        ...{ store, clock },
        onUsed: async () => {},
        onLost: () => {},
        onStore: () => {},
      });
      const before = new SpentBefore({ store, recorder, clock, onStore: () => {} });
      const spend = (microUsd: number, { key = "k", group = "g", agoMs = 0, model = "m" } = {}) =>
        recorder.add({
          ...{ wallMs: clock.wallMs() - agoMs, key, group, model, tags: [], microUsd },
          ...{ promptTokens: 0, completionTokens: 0, cacheReadTokens: 0, reasoningTokens: 0 },
        });
      return { recorder, before, spend };
    };
    const [here, there] = [runOf(one), runOf(two)];
    const sum = async (by: "key" | "group", name: string, fromMs: number) => {
      const hours = await here.before.of(by, name, fromMs);
      expect(hours.toSorted((a, b) => a.untilMs - b.untilMs)).toEqual(hours);
      return hours.reduce((all, { microUsd }) => all + microUsd, 0);
    };
    there.spend(1, { agoMs: 9 * 24 * hour });
    there.spend(2, { key: "other" });
    there.spend(4, { key: "elsewhere", group: "other" });
    here.spend(8, { agoMs: 2 * hour });
    here.spend(16);
    await there.recorder.flush();
    await here.recorder.flush();
    // Not written yet, and in the row of one that is.
    here.spend(32);
    here.spend(64, { model: "other" });
    const asked = sum("key", "k", Number.NEGATIVE_INFINITY);
    // Who spends from now on is counted by whoever asked.
    here.spend(1_024);
    await here.recorder.flush();
    expect(await asked).toBe(1 + 8 + 16 + 32 + 64);
    expect(await sum("key", "k", clock.wallMs() - hour)).toBe(16 + 32 + 64 + 1_024);
    expect(await sum("group", "g", 0)).toBe(1 + 2 + 8 + 16 + 32 + 64 + 1_024);
    expect(await sum("key", "K", 0)).toBe(0);
    // What was in memory is not any more, and is asked for.
    await clock.advance(2 * hour);
    here.spend(2_048);
    await here.recorder.flush();
    expect(here.recorder.openHours("key", "k")).toHaveLength(1);
    expect(await sum("key", "k", 0)).toBe(1 + 8 + 16 + 32 + 64 + 1_024 + 2_048);
    // Nor does a clock that has stepped back write over it.
    here.spend(4_096, { agoMs: 2 * hour });
    await here.recorder.flush();
    expect(await sum("key", "k", 0)).toBe(1 + 8 + 16 + 32 + 64 + 1_024 + 2_048 + 4_096);
    await here.recorder[Symbol.asyncDispose]();
    await there.recorder[Symbol.asyncDispose]();
  });

  test("what a transaction throws undoes it", async () => {
    await using database = (await open())();
    const store = new KeyStore(database);
    await store.insert("a", keyOf("a"));
    const failed = store.update("key_a", () => {
      throw new Error("no");
    });
    await expect(failed).rejects.toThrow("no");
    const { change } = await store.snapshot(1, 0);
    expect(await store.insert("b", keyOf("b"))).toMatchObject({ change: change + 1 });
  });
}

describe("in a SQLite file", () => {
  const migrations = all.filter(({ name }) => name !== "0001-history");
  contract(async () => {
    const folder = await temporaryFolder();
    return () => new SqliteDatabase(`${folder.path}/keys.db`, migrations);
  });

  test("a file of a later version is not touched", async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/keys.db`;
    const later = [...migrations, { name: "0009-later", sql: "CREATE TABLE later (a text)" }];
    await new SqliteDatabase(path, later)[Symbol.asyncDispose]();
    expect(() => new SqliteDatabase(path, migrations)).toThrow(
      "it has version 3, and this gateway knows 2",
    );
  });

  test("a file of an earlier version is brought forward with what it holds, and finds groups by an index", async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/keys.db`;
    const spent = { ...nothingSpent, requests: 1, microUsd: 7 };
    const record = { startMs: 0, key: "k", group: "g", model: "m", tags: [], spent };
    const before = new SqliteDatabase(path, migrations.slice(0, 1));
    await new UsageStore(before).write([record]);
    await before[Symbol.asyncDispose]();
    await using database = new SqliteDatabase(path, migrations);
    const asked = { name: "g", fromMs: 0, toMs: 1, ownToMs: 1 };
    expect(await new UsageStore(database).spent({ by: "group", ...asked })).toEqual([
      { startMs: 0, microUsd: 7 },
    ]);
    const plan = await database.query<{ readonly detail: string }>(
      "EXPLAIN QUERY PLAN SELECT start_ms, SUM(micro_usd) FROM polygate_usage WHERE group_name = $1 AND start_ms >= $2 AND start_ms < $3 GROUP BY start_ms",
      ["g", 0, 1],
    );
    expect(plan[0]?.detail).toContain("polygate_usage_group");
  });
});

describeWith(missingPostgres)("in PostgreSQL", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  contract(async () => {
    const url = await server.database();
    return () => new PostgresDatabase(url);
  });

  test("no more than four connections are made, however many statements wait", async () => {
    await using database = new PostgresDatabase(await server.database());
    const statements = Array.from({ length: 12 }, () =>
      database.query<{ readonly pid: number }>("SELECT pg_backend_pid() AS pid, pg_sleep(0.05)"),
    );
    const pids = new Set((await Promise.all(statements)).map(([row]) => row?.pid));
    expect(pids.size).toBe(4);
  });

  test("what a group spent is found by an index", async () => {
    await using database = new PostgresDatabase(await server.database());
    const rows = await database.query<{ readonly indexdef: string }>(
      "SELECT indexdef FROM pg_indexes WHERE indexname = $1",
      ["polygate_usage_group"],
    );
    expect(rows[0]?.indexdef).toContain("(group_name, start_ms)");
  });
});
