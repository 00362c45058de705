/** A history in a PostgreSQL database, in partitions by time, which are dropped when they are too old. */

import { randomUUID } from "node:crypto";
import type { PoolClient } from "pg";
import { databaseError } from "#store/database-error.ts";
import { migrateDatabase } from "#store/postgres-migrate.ts";
import { claimTables, PostgresPool } from "#store/postgres-pool.ts";
import { type BucketKey, bucketText, type HistoryBucket } from "./bucket.ts";
import { bucketOf, type HistoryRow, historyColumns, rowOf } from "./history-row.ts";
import type { BucketRange, HistoryStore } from "./store.ts";

/** Rows of one statement, and of one page. */
const rowsMax = 500;
/** One to write, and others to read. */
const connectionsMax = 4;
const statementMs = 10_000;
/** Patience of who writes; dropping keeps others waiting, and comes back in a minute anyway. */
const writeLockMs = 5_000;
const dropLockMs = 500;
/** SQLSTATE of a lock that was waited for too long. */
const lockNotAvailable = "55P03";

/** Steps of one partition: an hour of 10 s, 6 hours of minutes, 15 days of hours. */
const stepsPerPartition = 360;

const keyNames = ["step_ms", "start_ms", "provider", "model", "instance"];
/** Types of columns that are not bigint. */
const types: Readonly<Record<string, string>> = {
  step_ms: "integer",
  provider: "text",
  model: "text",
  instance: "text",
  latencies: "text",
  latency_ms_sum: "double precision",
  first_ms_sum: "double precision",
  tokens: "double precision",
  cost: "double precision",
};

/** Takes an array a column, so that its text is the same for any number of rows. */
const upsert = `INSERT INTO polygate_history (${historyColumns.join(", ")})
  SELECT * FROM unnest(${historyColumns.map((name, index) => `$${index + 1}::${types[name] ?? "bigint"}[]`).join(", ")})
  ON CONFLICT (${keyNames.join(", ")}) DO UPDATE SET ${historyColumns
    .filter((name) => !keyNames.includes(name))
    .map((name) => `${name} = EXCLUDED.${name}`)
    .join(", ")}`;

// The third condition follows from the fourth, and tells the planner which partitions to leave out.
const page = `SELECT * FROM polygate_history
  WHERE step_ms = $1 AND start_ms < $2 AND start_ms >= $3
    AND (start_ms, provider, model, instance) > ($3, $4, $5, $6)
  ORDER BY start_ms, provider, model, instance LIMIT ${rowsMax}`;

const partitions = `SELECT relname AS name, oid::regclass::text AS place FROM pg_inherits
  JOIN pg_class ON oid = inhrelid WHERE inhparent = to_regclass('polygate_history')`;

/** The rows of a step that begin in a span of time. */
interface Partition {
  readonly name: string;
  readonly stepMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

function partitionFrom(stepMs: number, fromMs: number): Partition {
  const toMs = fromMs + stepMs * stepsPerPartition;
  return { name: `polygate_history_${stepMs}_${fromMs}`, stepMs, fromMs, toMs };
}

/** The partition that a bucket belongs to. */
function partitionOf({ stepMs, startMs }: BucketKey): Partition {
  const spanMs = stepMs * stepsPerPartition;
  return partitionFrom(stepMs, Math.floor(startMs / spanMs) * spanMs);
}

/** The partition of this name; undefined when it is none of this project. */
function partitionNamed(name: string): Partition | undefined {
  const [, stepMs, fromMs] = /^polygate_history_(\d+)_(\d+)$/.exec(name) ?? [];
  return stepMs === undefined ? undefined : partitionFrom(Number(stepMs), Number(fromMs));
}

/** Makes a partition, unless another gateway has. */
async function addPartition(client: PoolClient, { name, stepMs, fromMs, toMs }: Partition) {
  const { rows } = await client.query<{ readonly exists: boolean }>(
    "SELECT to_regclass($1) IS NOT NULL AS exists",
    [name],
  );
  if (rows[0]?.exists === true) return;
  // Made first and attached then, it waits for no one who reads: a backup may take an hour.
  await client.query(`CREATE TABLE ${name} (LIKE polygate_history INCLUDING ALL)`);
  await client.query(
    `ALTER TABLE polygate_history ATTACH PARTITION ${name}
      FOR VALUES FROM (${stepMs}, ${fromMs}) TO (${stepMs}, ${toMs})`,
  );
}

/** Keeps buckets in a database. */
export class PostgresHistory implements HistoryStore {
  readonly #url: string;
  readonly #pool: PostgresPool;
  /** Distinguishes the buckets of this run from those of others in the same database. */
  readonly #instance = randomUUID();
  #opening: Promise<unknown> | undefined;
  /** Names of partitions that are there; forgotten each minute, as they come and go. */
  readonly #known = new Set<string>();

  constructor(url: string) {
    this.#url = url;
    this.#pool = new PostgresPool(url, { connectionsMax, statementMs });
  }

  /** Makes the tables where they are missing; all methods do, for a database may be away at first. Rejects with a DatabaseError. */
  async open(): Promise<void> {
    await this.#attempt(async () => {
      this.#opening ??= migrateDatabase(this.#url);
      await this.#opening;
    });
  }

  async write(buckets: readonly HistoryBucket[]): Promise<void> {
    if (buckets.length === 0) return;
    // One statement cannot write a row twice.
    const last = [...new Map(buckets.map((bucket) => [bucketText(bucket), bucket])).values()];
    await this.open();
    await this.#attempt(async () => {
      await this.#addPartitions(last);
      await this.#pool.transaction(writeLockMs, async (client) => {
        for (let at = 0; at < last.length; at += rowsMax) {
          const rows = last.slice(at, at + rowsMax).map((bucket) => rowOf(bucket, this.#instance));
          await client.query(
            upsert,
            historyColumns.map((_, column) => rows.map((row) => row[column])),
          );
        }
      });
    });
  }

  async *read({ stepMs, fromMs, toMs }: BucketRange): AsyncGenerator<readonly HistoryBucket[]> {
    await this.open();
    // Nothing is less than an empty name, so that this is before all of `fromMs`.
    let after: readonly [number, string, string, string] = [fromMs, "", "", ""];
    for (;;) {
      const from = after;
      const rows = await this.#attempt(() =>
        this.#pool.query<HistoryRow>(page, [stepMs, toMs, ...from]),
      );
      yield rows.map(bucketOf);
      const last = rows.at(-1);
      if (last === undefined || rows.length < rowsMax) return;
      after = [Number(last.start_ms), last.provider, last.model, last.instance];
    }
  }

  async forget(stepMs: number, beforeMs: number): Promise<void> {
    await this.open();
    this.#known.clear();
    await this.#attempt(async () => {
      const all = await this.#pool.query<{ readonly name: string; readonly place: string }>(
        partitions,
      );
      const old = all.filter(({ name }) => {
        const partition = partitionNamed(name);
        return partition?.stepMs === stepMs && partition.toMs <= beforeMs;
      });
      if (old.length > 0) await this.#drop(old.map(({ place }) => place));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  async #addPartitions(buckets: readonly HistoryBucket[]): Promise<void> {
    const wanted = new Map<string, Partition>();
    for (const bucket of buckets) {
      const partition = partitionOf(bucket);
      if (!this.#known.has(partition.name)) wanted.set(partition.name, partition);
    }
    if (wanted.size === 0) return;
    await this.#pool.transaction(writeLockMs, async (client) => {
      await claimTables(client);
      for (const partition of wanted.values()) await addPartition(client, partition);
    });
    for (const name of wanted.keys()) this.#known.add(name);
  }

  async #drop(places: readonly string[]): Promise<void> {
    try {
      await this.#pool.transaction(dropLockMs, async (client) => {
        await claimTables(client);
        await client.query(`DROP TABLE IF EXISTS ${places.join(", ")}`);
      });
    } catch (thrown) {
      // Somebody reads them, a backup say: they are dropped when no one does.
      if (databaseError(thrown).code !== lockNotAvailable) throw thrown;
    }
  }

  /** After a failure nothing is taken for granted: the database may be another one, restored or emptied. */
  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      this.#opening = undefined;
      this.#known.clear();
      throw databaseError(thrown);
    }
  }
}
