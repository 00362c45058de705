/** What every store of a history keeps to: in memory, in a file, in a database. */

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HistoryBucket, HistorySums } from "#history/bucket.ts";
import { MemoryHistory } from "#history/memory-store.ts";
import { PostgresHistory } from "#history/postgres-store.ts";
import { SqliteHistory } from "#history/sqlite-store.ts";
import type { HistoryStore } from "#history/store.ts";
import { PostgresPool } from "#store/postgres-pool.ts";
import { describeWith } from "../support/needs.ts";
import { missingPostgres, type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

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

/** A port that takes connections and never says anything. */
async function listenMutely() {
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => sockets.add(socket)).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
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

/** Makes an empty store; what it needs may lie in the folder. */
type Open = (folder: string) => HistoryStore | Promise<HistoryStore>;

const dayMs = 24 * 3_600_000;

function keepsTheContract(open: Open) {
  test("gives back what was written, percentiles included", async () => {
    await using folder = await temporaryFolder();
    await using store = await open(folder.path);
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
    await using store = await open(folder.path);
    await store.write([bucket(60_000)]);
    await store.write([bucket(60_000, {}, [1, 2, 3, 4])]);
    const { all } = await readAll(store);
    expect(all.map(({ sums }) => sums.requests)).toEqual([4]);
  });

  test("takes every name and number that a bucket may have", async () => {
    await using folder = await temporaryFolder();
    await using store = await open(folder.path);
    const odd = ["", "NULL", '{a,"b"}', "\\", "'; --", "\t\u0001", "😀", "(others)"];
    const planted = [
      "'); DROP TABLE history; DROP TABLE polygate_history; --",
      '"; DELETE FROM polygate_history; --',
      "$1 :name ? %s",
      "<script>alert(1)</script>",
    ];
    const names = [...odd, ...planted];
    // As long as a recorder lets them be, of characters that take most bytes and repeat least.
    const long = Array.from({ length: 256 }, (_, at) => String.fromCharCode(0x4e00 + at * 37)).join(
      "",
    );
    const sums = new HistorySums();
    Object.assign(sums, { requests: 2 ** 40, tokens: 1e15, cost: 1e-9, latencyMsSum: 0.1 + 0.2 });
    const all = [...names, long].map((name) => bucket(0, { provider: name, model: name, sums }));
    await store.write(all);
    const read = (await readAll(store)).all;
    expect(new Set(read.map(({ model }) => model))).toEqual(new Set([...names, long]));
    for (const each of read) {
      expect(each.provider).toBe(each.model);
      expect({ ...each.sums }).toEqual({ ...sums });
    }
  });

  test("gives the buckets of a range, its end excluded, and of one step only", async () => {
    await using folder = await temporaryFolder();
    await using store = await open(folder.path);
    await store.write([1, 2, 3].map((minute) => bucket(minute * 60_000)));
    await store.write([bucket(0, { stepMs: 3_600_000 })]);
    const { all } = await readAll(store, 60_000, 180_000);
    expect(all.map(({ startMs }) => startMs)).toEqual([60_000, 120_000]);
    expect((await readAll(store, 0, 1, 3_600_000)).all).toHaveLength(1);
  });

  test("forgets what is days older, of that step only, and nothing that is newer", async () => {
    await using folder = await temporaryFolder();
    await using store = await open(folder.path);
    await store.write([1, 2, 3].map((day) => bucket(day * dayMs)));
    await store.write([bucket(0, { stepMs: 3_600_000 })]);
    await store.forget(60_000, 2 * dayMs);
    expect((await readAll(store)).all.map(({ startMs }) => startMs)).toEqual(
      [2, 3].map((day) => day * dayMs),
    );
    expect((await readAll(store, 0, 1, 3_600_000)).all).toHaveLength(1);
  });

  test("gives a long range in slices, each bucket once", async () => {
    await using folder = await temporaryFolder();
    await using store = await open(folder.path);
    const many = Array.from({ length: 2_500 }, (_, index) =>
      bucket(60_000 * Math.floor(index / 50), { model: `m${index % 50}` }),
    );
    await store.write(many);
    const { all, largest } = await readAll(store);
    const keys = new Set(all.map(({ startMs, model }) => `${startMs} ${model}`));
    expect([all.length, keys.size]).toEqual([2_500, 2_500]);
    expect(largest).toBeLessThanOrEqual(1_000);
  });
}

const memory: Open = () => new MemoryHistory();
const sqlite: Open = (folder) => new SqliteHistory(join(folder, "history.db"));

describe.each(Object.entries({ memory, sqlite }))("%s", (_name, open) => {
  keepsTheContract(open);

  test("forgets what is older, of that step only", async () => {
    await using folder = await temporaryFolder();
    await using store = await open(folder.path);
    await store.write([1, 2, 3].map((minute) => bucket(minute * 60_000)));
    await store.write([bucket(0, { stepMs: 3_600_000 })]);
    await store.forget(60_000, 120_000);
    expect((await readAll(store)).all.map(({ startMs }) => startMs)).toEqual([120_000, 180_000]);
    expect((await readAll(store, 0, 1, 3_600_000)).all).toHaveLength(1);
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

describeWith(missingPostgres)("a PostgreSQL database", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  keepsTheContract(async () => new PostgresHistory(await server.database()));

  /** Names of the partitions. */
  const partitionsOf = async (url: string) => {
    const rows = await server.query(
      url,
      "SELECT relname FROM pg_class WHERE relname ~ '^polygate_history_[0-9]+_[0-9]+$' ORDER BY oid",
    );
    return rows.map(({ relname }) => relname);
  };

  test("keeps its buckets over a restart, and those of two gateways beside each other", async () => {
    const url = await server.database();
    {
      await using first = new PostgresHistory(url);
      await first.write([bucket(60_000, {}, [1, 2])]);
    }
    await using second = new PostgresHistory(url);
    await using third = new PostgresHistory(url);
    await Promise.all([
      second.write([bucket(60_000, {}, [3])]),
      third.write([bucket(60_000, {}, [4])]),
    ]);
    const { all } = await readAll(second);
    expect(all.map(({ sums }) => sums.requests).toSorted((a, b) => a - b)).toEqual([1, 1, 2]);
  });

  test("is made by one of those that open it at once", async () => {
    const url = await server.database();
    const stores = Array.from({ length: 5 }, () => new PostgresHistory(url));
    await Promise.all(stores.map((store) => store.open()));
    await Promise.all(stores.map((store) => store.write([bucket(60_000), bucket(dayMs)])));
    expect((await readAll(stores[0]!)).all).toHaveLength(10);
    for (const store of stores) await store[Symbol.asyncDispose]();
    expect(await server.query(url, "SELECT version, name FROM polygate_migrations")).toEqual([
      { version: 1, name: "0001-history" },
      { version: 2, name: "0002-keys" },
      { version: 3, name: "0003-usage-by-group" },
    ]);
    expect(await partitionsOf(url)).toEqual([
      "polygate_history_60000_0",
      "polygate_history_60000_86400000",
    ]);
  });

  test("is partitioned by step and time; what is too old is dropped a partition at a time", async () => {
    const url = await server.database();
    await using store = new PostgresHistory(url);
    const hourMs = 3_600_000;
    await store.write([0, 5, 6, 12].map((hour) => bucket(hour * hourMs)));
    await store.write([bucket(0, { stepMs: 10_000 })]);
    const made = ["60000_0", "60000_21600000", "60000_43200000", "10000_0"];
    expect(await partitionsOf(url)).toEqual(made.map((name) => `polygate_history_${name}`));
    await store.forget(60_000, 6 * hourMs - 1);
    expect((await readAll(store)).all).toHaveLength(4);
    await store.forget(60_000, 12 * hourMs - 1);
    expect(await partitionsOf(url)).toEqual(
      made.slice(1).map((name) => `polygate_history_${name}`),
    );
    // What is late is taken nevertheless.
    await store.write([bucket(0)]);
    expect((await readAll(store)).all.map(({ startMs }) => startMs / hourMs)).toEqual([0, 6, 12]);
  });

  test("keeps partitions that somebody reads, and goes on being written", async () => {
    const url = await server.database();
    await using store = new PostgresHistory(url);
    await store.write([bucket(0), bucket(dayMs)]);
    {
      await using reader = await server.connect(url);
      await reader.query("BEGIN");
      await reader.query("SELECT * FROM polygate_history");
      await store.forget(60_000, dayMs);
      await store.write([bucket(dayMs, { model: "other" }), bucket(2 * dayMs)]);
      expect((await readAll(store)).all).toHaveLength(4);
    }
    await store.forget(60_000, dayMs);
    expect((await readAll(store)).all).toHaveLength(3);
  });

  test("takes the batch whole or not at all", async () => {
    const url = await server.database();
    await using store = new PostgresHistory(url);
    await store.open();
    await server.query(url, "ALTER TABLE polygate_history ADD CHECK (model <> 'm700')");
    const many = Array.from({ length: 1_000 }, (_, index) => bucket(0, { model: `m${index}` }));
    await expect(store.write(many)).rejects.toThrow(/violates check constraint/);
    expect((await readAll(store)).all).toEqual([]);
  });

  test("that was emptied is made anew", async () => {
    const url = await server.database();
    await using store = new PostgresHistory(url);
    await store.write([bucket(0)]);
    await server.query(url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    await expect(store.write([bucket(0)])).rejects.toThrow(/does not exist/);
    await store.write([bucket(0)]);
    expect((await readAll(store)).all).toHaveLength(1);
  });

  test("in which a migration fails is left as it was", async () => {
    const url = await server.database();
    await server.query(url, "CREATE TABLE polygate_history (something_else text)");
    await using store = new PostgresHistory(url);
    await expect(store.open()).rejects.toMatchObject({
      message: 'relation "polygate_history" already exists (42P07)',
      isAway: false,
    });
    expect(await server.query(url, "SELECT to_regclass('polygate_migrations') AS made")).toEqual([
      { made: null },
    ]);
  });

  test("in which the gateway's role may make no tables is refused, and says so", async () => {
    const url = new URL(await server.database());
    await server.query(url.href, "CREATE ROLE guest LOGIN PASSWORD 'guest-word'");
    Object.assign(url, { username: "guest", password: "guest-word" });
    await using store = new PostgresHistory(url.href);
    await expect(store.open()).rejects.toMatchObject({
      message: "permission denied for schema public (42501)",
      isAway: false,
    });
  });

  test("that takes connections and says nothing is away, as is one whose statements do not end", async () => {
    await using mute = await listenMutely();
    const limits = { connectionsMax: 1, connectMs: 50, statementMs: 50 };
    await using silent = new PostgresPool(`postgres://a:b@127.0.0.1:${mute.port}/c`, limits);
    await expect(silent.query("SELECT 1")).rejects.toMatchObject({ isAway: true });
    await using slow = new PostgresPool(await server.database(), {
      connectionsMax: 1,
      statementMs: 1_000,
    });
    await expect(slow.query("SELECT pg_sleep(60)")).rejects.toMatchObject({ isAway: true });
    await expect(
      slow.transaction(1_000, async (client) => void (await client.query("SELECT pg_sleep(60)"))),
    ).rejects.toMatchObject({ isAway: true });
    // Nobody waits for the connection that they had.
    expect(await slow.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("gives no more connections than it may; who waits too long is told", async () => {
    const limits = { connectionsMax: 2, connectMs: 5_000, statementMs: 5_000 };
    const url = await server.database();
    await using pool = new PostgresPool(url, limits);
    const counts = await Promise.all(
      Array.from({ length: 20 }, () =>
        pool.query<{ count: number }>(
          "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database()",
        ),
      ),
    );
    expect(Math.max(...counts.map(([row]) => row?.count ?? 99))).toBeLessThanOrEqual(2);
    await using busy = new PostgresPool(url, { ...limits, connectionsMax: 1, connectMs: 1_000 });
    await busy.query("SELECT 1");
    const { promise, resolve } = Promise.withResolvers<void>();
    const holding = busy.transaction(1_000, () => promise);
    await expect(busy.query("SELECT 1")).rejects.toMatchObject({ isAway: true });
    resolve();
    await holding;
    expect(await busy.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("of a later version is refused and left as it is", async () => {
    const url = await server.database();
    await using store = new PostgresHistory(url);
    await store.open();
    await server.query(url, "INSERT INTO polygate_migrations VALUES (7, 'later')");
    await using older = new PostgresHistory(url);
    await expect(older.open()).rejects.toMatchObject({
      message: "it has version 7, and this gateway knows 3",
      isAway: false,
    });
  });

  test("that has no UTF-8 is refused", async () => {
    const url = await server.database("SQL_ASCII");
    await using store = new PostgresHistory(url);
    await expect(store.open()).rejects.toThrow("its encoding is SQL_ASCII");
    expect(await server.query(url, "SELECT to_regclass('polygate_migrations') AS made")).toEqual([
      { made: null },
    ]);
  });

  test.each([
    { name: "another password", change: { password: "not-it" }, told: /password authentication/ },
    {
      name: "no such database",
      change: { pathname: "/nowhere" },
      told: /"nowhere" does not exist/,
    },
  ])("with $name: told without the password, and no hope that waiting helps", async (row) => {
    const url = new URL(await server.database());
    Object.assign(url, row.change);
    await using store = new PostgresHistory(url.href);
    const thrown: unknown = await store.open().catch((error: unknown) => error);
    expect(thrown).toMatchObject({ message: expect.stringMatching(row.told), isAway: false });
    expect(inspect(thrown, { depth: 9 })).not.toContain(url.password);
  });

  test("that is stopped rejects each call, and serves the next ones once it is back", async () => {
    const url = await server.database();
    await using store = new PostgresHistory(url);
    await store.write([bucket(0)]);
    await server.stop();
    const thrown: unknown = await store.write([bucket(60_000)]).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: "DatabaseError", isAway: true });
    expect(inspect(thrown, { depth: 9 })).not.toContain(new URL(url).password);
    await expect(readAll(store)).rejects.toMatchObject({ isAway: true });
    await server.start();
    await store.write([bucket(60_000)]);
    expect((await readAll(store)).all).toHaveLength(2);
  });
});
