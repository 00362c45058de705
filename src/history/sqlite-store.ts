/** A history in a SQLite file, written in small transactions and read in small pages, for both keep the process waiting. */

import { randomUUID } from "node:crypto";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setImmediate as turn } from "node:timers/promises";
import type { HistoryBucket } from "./bucket.ts";
import { bucketOf, type HistoryRow, historyColumns, rowOf } from "./history-row.ts";
import type { BucketRange, HistoryStore } from "./store.ts";

/** The tables that this version knows; a file of a later one is not touched. */
const schemaVersion = 1;
/** Rows of one transaction, and of one page. */
const rowsMax = 50;
const pageMax = 500;

const schema = `
CREATE TABLE IF NOT EXISTS history (
  step_ms INTEGER NOT NULL,
  start_ms INTEGER NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  instance TEXT NOT NULL,
  requests INTEGER NOT NULL,
  caller_errors INTEGER NOT NULL,
  upstream_errors INTEGER NOT NULL,
  gateway_errors INTEGER NOT NULL,
  latency_count INTEGER NOT NULL,
  latency_ms_sum REAL NOT NULL,
  latencies TEXT NOT NULL,
  first_count INTEGER NOT NULL,
  first_ms_sum REAL NOT NULL,
  tokens REAL NOT NULL,
  cost REAL NOT NULL,
  PRIMARY KEY (step_ms, start_ms, provider, model, instance)
) STRICT, WITHOUT ROWID`;

/** Keeps buckets in a file. */
export class SqliteHistory implements HistoryStore {
  readonly #database: DatabaseSync;
  /** Distinguishes the buckets of this run from those of others in the same file. */
  readonly #instance = randomUUID();
  readonly #insert: StatementSync;
  readonly #page: StatementSync;
  readonly #delete: StatementSync;

  /** Opens or makes the file. Throws SQLite's error when it cannot, or when the file is of a later version. */
  constructor(path: string) {
    // Who finds the file locked tries again with the next batch, and waits for no one.
    this.#database = new DatabaseSync(path, { timeout: 0 });
    try {
      const [version = 0] = Object.values(
        this.#database.prepare("PRAGMA user_version").get() ?? {},
      );
      if (Number(version) > schemaVersion) {
        throw new Error(`it has version ${version}, and this gateway knows ${schemaVersion}`);
      }
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      this.#database.exec(schema);
      this.#database.exec(`PRAGMA user_version = ${schemaVersion}`);
      const values = historyColumns.map(() => "?").join(", ");
      this.#insert = this.#database.prepare(
        `INSERT OR REPLACE INTO history (${historyColumns.join(", ")}) VALUES (${values})`,
      );
      this.#page = this.#database.prepare(
        `SELECT * FROM history WHERE step_ms = ? AND start_ms < ?
          AND (start_ms, provider, model, instance) > (?, ?, ?, ?)
          ORDER BY start_ms, provider, model, instance LIMIT ${pageMax}`,
      );
      this.#delete = this.#database.prepare(
        "DELETE FROM history WHERE step_ms = ? AND start_ms < ?",
      );
    } catch (thrown) {
      this.#database.close();
      throw thrown;
    }
  }

  async write(buckets: readonly HistoryBucket[]): Promise<void> {
    for (let at = 0; at < buckets.length; at += rowsMax) {
      if (at > 0) await turn();
      this.#writeRows(buckets.slice(at, at + rowsMax));
    }
  }

  async *read({ stepMs, fromMs, toMs }: BucketRange): AsyncGenerator<readonly HistoryBucket[]> {
    // Nothing is less than an empty name, so that this is before all of `fromMs`.
    let after: readonly [number, string, string, string] = [fromMs, "", "", ""];
    for (;;) {
      const rows = this.#page.all(stepMs, toMs, ...after) as unknown as readonly HistoryRow[];
      yield rows.map(bucketOf);
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageMax) return;
      after = [Number(last.start_ms), last.provider, last.model, last.instance];
      await turn();
    }
  }

  async forget(stepMs: number, beforeMs: number): Promise<void> {
    this.#delete.run(stepMs, beforeMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
  }

  #writeRows(buckets: readonly HistoryBucket[]): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const bucket of buckets) this.#insert.run(...rowOf(bucket, this.#instance));
      this.#database.exec("COMMIT");
    } catch (thrown) {
      this.#database.exec("ROLLBACK");
      throw thrown;
    }
  }
}
