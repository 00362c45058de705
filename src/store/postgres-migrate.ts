/** Brings a PostgreSQL database to the tables that this version knows, whoever else does so at the same time. */

import type { PoolClient } from "pg";
import { DatabaseError } from "./database-error.ts";
import { migrations } from "./migrations/list.ts";
import { claimTables, PostgresPool } from "./postgres-pool.ts";

/** Time for one migration. */
const migrationMs = 60_000;
/** Time to wait for another gateway's, and for who reads the tables. */
const lockMs = 30_000;

const versionTable = `
CREATE TABLE polygate_migrations (
  version integer PRIMARY KEY,
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)`;

function refusal(message: string): DatabaseError {
  return new DatabaseError(message, { isAway: false });
}

/** The version of the tables; 0 when there are none. */
async function versionOf(client: PoolClient): Promise<number> {
  const { rows: tables } = await client.query<{ readonly exists: boolean }>(
    "SELECT to_regclass('polygate_migrations') IS NOT NULL AS exists",
  );
  if (tables[0]?.exists !== true) {
    await client.query(versionTable);
    return 0;
  }
  const { rows } = await client.query<{ readonly version: number }>(
    "SELECT coalesce(max(version), 0) AS version FROM polygate_migrations",
  );
  return rows[0]?.version ?? 0;
}

async function checkEncoding(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ readonly server_encoding: string }>("SHOW server_encoding");
  const encoding = rows[0]?.server_encoding;
  if (encoding !== "UTF8") {
    throw refusal(`its encoding is ${encoding}, and names of models need UTF8`);
  }
}

/**
 * Runs the migrations that the database has not had, all or none, and gives their names. Rejects with
 * a DatabaseError, also when the database is of a later version, which is not touched then.
 */
export async function migrateDatabase(url: string): Promise<readonly string[]> {
  await using pool = new PostgresPool(url, { connectionsMax: 1, statementMs: migrationMs });
  const applied: string[] = [];
  await pool.transaction(lockMs, async (client) => {
    await claimTables(client);
    await checkEncoding(client);
    const known = migrations.length;
    const version = await versionOf(client);
    if (version > known) {
      throw refusal(`it has version ${version}, and this gateway knows ${known}`);
    }
    for (const [index, { name, sql }] of migrations.entries()) {
      if (index < version) continue;
      await client.query(sql);
      await client.query("INSERT INTO polygate_migrations (version, name) VALUES ($1, $2)", [
        index + 1,
        name,
      ]);
      applied.push(name);
    }
  });
  return applied;
}
