/** Connections to a PostgreSQL database: few, each wait bounded, and transactions over them. */

import { Pool, type PoolClient } from "pg";
import { systemClock } from "#core/clock.ts";
import { settleWithin } from "#core/settle-within.ts";
import { databaseError } from "./database-error.ts";

/** Time to connect, or to get a connection that others use. */
const connectMsDefault = 5_000;
/** Time to take leave; then the process goes on without. */
const closeMs = 1_000;

/** How patient and how many connections are. */
export interface PoolLimits {
  readonly connectionsMax: number;
  /** Time for one statement. */
  readonly statementMs: number;
  readonly connectMs?: number;
}

const ignore = () => undefined;

/** A database that connections are made to when they are needed. */
export class PostgresPool implements AsyncDisposable {
  readonly #pool: Pool;

  constructor(
    url: string,
    { connectionsMax, statementMs, connectMs = connectMsDefault }: PoolLimits,
  ) {
    this.#pool = new Pool({
      connectionString: url,
      max: connectionsMax,
      connectionTimeoutMillis: connectMs,
      // Counted here: poolers in between refuse the server's own settings, and it may be gone.
      query_timeout: statementMs,
      fallback_application_name: "polygate",
      keepAlive: true,
    });
    // A connection that ends while no one uses it: the next statement makes another one.
    this.#pool.on("error", ignore);
  }

  /** The rows of one statement. Rejects with a DatabaseError, as everything here does. */
  async query<T extends object>(text: string, values: readonly unknown[] = []): Promise<T[]> {
    try {
      return (await this.#pool.query<T>(text, [...values])).rows;
    } catch (thrown) {
      throw databaseError(thrown);
    }
  }

  /** Runs `work` in a transaction that waits for each lock no longer than `lockMs`. */
  async transaction<T>(lockMs: number, work: (client: PoolClient) => Promise<T>): Promise<T> {
    try {
      const client = await this.#pool.connect();
      // One that ends between two statements has no one else to tell.
      client.on("error", ignore);
      let done: T;
      try {
        await client.query(`BEGIN; SET LOCAL lock_timeout = ${lockMs}`);
        done = await work(client);
        await client.query("COMMIT");
      } catch (thrown) {
        // The transaction ends with its connection, whatever state that is in.
        client.release(true);
        throw thrown;
      }
      client.release();
      client.off("error", ignore);
      return done;
    } catch (thrown) {
      throw databaseError(thrown);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await settleWithin(this.#pool.end(), closeMs, systemClock);
  }
}

/** Waits until no other gateway changes tables; until the end of the transaction none will. */
export async function claimTables(client: PoolClient): Promise<void> {
  // "poly" and "gate" as numbers, for no one else's locks.
  await client.query("SELECT pg_advisory_xact_lock(1886350457, 1734440037)");
}
