/** A PostgreSQL database with the tables of this version, made when they are first needed. */

import type { Database, Queries, SqlValue } from "./database.ts";
import { databaseError } from "./database-error.ts";
import { migrateDatabase } from "./postgres-migrate.ts";
import { PostgresPool } from "./postgres-pool.ts";

const connectionsMax = 4;
const statementMs = 5_000;
const connectMs = 2_000;
const lockMs = 2_000;

/** Opened by its first statement: a database may be away at the start. */
export class PostgresDatabase implements Database {
  readonly #url: string;
  readonly #pool: PostgresPool;
  #opening: Promise<unknown> | undefined;

  constructor(url: string) {
    this.#url = url;
    this.#pool = new PostgresPool(url, { connectionsMax, statementMs, connectMs });
  }

  async query<T extends object>(text: string, values: readonly SqlValue[] = []): Promise<T[]> {
    return await this.#attempt(() => this.#pool.query<T>(text, values));
  }

  async transaction<T>(work: (within: Queries) => Promise<T>): Promise<T> {
    return await this.#attempt(() =>
      this.#pool.transaction(lockMs, (client) =>
        work({ query: async (text, values = []) => (await client.query(text, [...values])).rows }),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  /** After a failure nothing is taken for granted: the database may be another one, restored or emptied. */
  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      this.#opening ??= migrateDatabase(this.#url);
      await this.#opening;
      return await work();
    } catch (thrown) {
      this.#opening = undefined;
      throw databaseError(thrown);
    }
  }
}
