/** A SQLite file with tables of this project: one statement after the other, each short, for it keeps the process waiting. */

import { DatabaseSync } from "node:sqlite";
import { systemClock } from "#core/clock.ts";
import type { Database, Queries, SqlValue } from "./database.ts";
import { DatabaseError } from "./database-error.ts";

/** A migration, and its number among those of the file. */
interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** SQLite's codes of a file that somebody else writes to. */
const busyCodes: ReadonlySet<unknown> = new Set([5, 6, 517]);
/** How often and how long another writer is waited for. */
const triesMax = 100;
const pauseMs = 20;

const versionTable = `CREATE TABLE IF NOT EXISTS polygate_migrations (
  version integer PRIMARY KEY, name text NOT NULL)`;

function errorOf(thrown: unknown): DatabaseError {
  if (thrown instanceof DatabaseError) return thrown;
  const message = thrown instanceof Error ? thrown.message : "it failed";
  return new DatabaseError(message, { isAway: true });
}

function isBusy(thrown: unknown): boolean {
  return thrown instanceof Error && "errcode" in thrown && busyCodes.has(thrown.errcode);
}

/** Keeps rows in a file. */
export class SqliteDatabase implements Database {
  readonly #database: DatabaseSync;
  /** The end of the work before: a transaction's statements are no one else's. */
  #before: Promise<unknown> = Promise.resolve();

  /** Opens or makes the file, and brings it to these tables. Throws when it cannot, or when the file is of a later version. */
  constructor(path: string, migrations: readonly Migration[]) {
    // No one waits inside a statement: who finds the file busy tries again.
    this.#database = new DatabaseSync(path, { timeout: 1_000 });
    try {
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      this.#migrate(migrations);
      this.#database.exec("PRAGMA busy_timeout = 0");
    } catch (thrown) {
      this.#database.close();
      throw thrown;
    }
  }

  async query<T extends object>(text: string, values: readonly SqlValue[] = []): Promise<T[]> {
    return await this.#alone(async () => this.#run<T>(text, values));
  }

  async transaction<T>(work: (within: Queries) => Promise<T>): Promise<T> {
    return await this.#alone(async () => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        const done = await work({
          query: async (text, values = []) => this.#run(text, values),
        });
        this.#database.exec("COMMIT");
        return done;
      } catch (thrown) {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        throw thrown;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#before;
    this.#database.close();
  }

  #run<T extends object>(text: string, values: readonly SqlValue[]): T[] {
    // SQLite takes $1 for a name: its numbered places begin with a question mark.
    const statement = this.#database.prepare(text.replaceAll(/\$(\d+)/g, "?$1"));
    return statement.all(...values) as T[];
  }

  /** Runs `work` after all that came before, and again while another process writes. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#before.then(() => this.#attempt(work));
    this.#before = mine.catch(() => undefined);
    return await mine;
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (thrown) {
        if (!isBusy(thrown) || tries >= triesMax) throw errorOf(thrown);
      }
      await systemClock.sleep(pauseMs);
    }
  }

  #migrate(migrations: readonly Migration[]): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      this.#database.exec(versionTable);
      const select = "SELECT coalesce(max(version), 0) AS version FROM polygate_migrations";
      const version = Number(this.#database.prepare(select).get()?.version);
      if (version > migrations.length) {
        throw new Error(`it has version ${version}, and this gateway knows ${migrations.length}`);
      }
      const insert = this.#database.prepare("INSERT INTO polygate_migrations VALUES (?, ?)");
      for (const [index, { name, sql }] of migrations.entries()) {
        if (index < version) continue;
        this.#database.exec(sql);
        insert.run(index + 1, name);
      }
      this.#database.exec("COMMIT");
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw thrown;
    }
  }
}
