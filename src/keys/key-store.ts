/** Keys in a database: written one at a time, in an order that every gateway on it sees. */

import type { Database, Queries } from "#store/database.ts";
import type { Key } from "./key.ts";
import { type KeyRow, keyOf, rowOf } from "./key-row.ts";

/** The numbers that a change gets. */
export interface ChangeNumber {
  readonly change: number;
}

/** Which keys are listed. */
export interface KeyListing {
  /** Empty: of all groups. */
  readonly group: string;
  readonly includeRevoked: boolean;
  /** Those that were made before the key of this sequence. */
  readonly before?: number | undefined;
  readonly size: number;
}

/** What is there at one time. */
export interface KeySnapshot {
  /** Live keys, those that were used last first. */
  readonly keys: readonly Key[];
  /** The last change that it has. */
  readonly change: number;
}

/** Changes of one page. */
export const changesMax = 500;

/** Adds a row. */
async function insertRow(within: Queries, key: Key): Promise<void> {
  const row = rowOf(key);
  const columns = Object.keys(row);
  const places = columns.map((_, index) => `$${index + 1}`);
  await within.query(
    `INSERT INTO polygate_keys (${columns.join(", ")}) VALUES (${places.join(", ")})`,
    Object.values(row),
  );
}

/** Writes a row again, but for when the key was used: that is written apart, and known better there. */
async function updateRow(within: Queries, key: Key): Promise<void> {
  const { id, used_ms: _, ...row } = rowOf(key);
  const places = Object.keys(row).map((name, index) => `${name} = $${index + 2}`);
  await within.query(`UPDATE polygate_keys SET ${places.join(", ")} WHERE id = $1`, [
    id,
    ...Object.values(row),
  ]);
}

const nextChange = "UPDATE polygate_key_state SET change = change + 1 RETURNING change";

const liveName = "name = $1 AND revoked_ms IS NULL";

/** Takes the number of a change; until the end of the transaction no one else takes one. */
async function takeChange(within: Queries): Promise<number> {
  const [row] = await within.query<{ readonly change: number | string }>(nextChange);
  return Number(row?.change);
}

async function first(within: Queries, condition: string, value: string): Promise<Key | undefined> {
  const [row] = await within.query<KeyRow>(`SELECT * FROM polygate_keys WHERE ${condition}`, [
    value,
  ]);
  return row && keyOf(row);
}

/** Keeps keys. Every method may reject with a DatabaseError. */
export class KeyStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds a key that `make` makes; undefined when another key has its name. */
  async insert(name: string, make: (numbered: ChangeNumber) => Key): Promise<Key | undefined> {
    return await this.#database.transaction(async (within) => {
      const key = make({ change: await takeChange(within) });
      if ((await first(within, liveName, name)) !== undefined) return undefined;
      await insertRow(within, key);
      return key;
    });
  }

  /** Changes a key as `edit` says; undefined when there is no such key, "taken" when another key has the new name. */
  async update(id: string, edit: (before: Key) => Key): Promise<Key | "taken" | undefined> {
    return await this.#database.transaction(async (within) => {
      const change = await takeChange(within);
      const before = await first(within, "id = $1", id);
      if (before === undefined) return undefined;
      const key = { ...edit(before), change };
      if (key.name !== before.name && (await first(within, liveName, key.name)) !== undefined) {
        return "taken";
      }
      await updateRow(within, key);
      return key;
    });
  }

  /** The key of this id, or of this name if it is not revoked. */
  async find(idOrName: string): Promise<Key | undefined> {
    const byId = await first(this.#database, "id = $1", idOrName);
    return byId ?? (await first(this.#database, liveName, idOrName));
  }

  /** The key whose text, or whose text before, has this digest. */
  async byDigest(digest: string): Promise<Key | undefined> {
    return await first(this.#database, "digest = $1 OR previous_digest = $1", digest);
  }

  /** The newest first. */
  async list({ group, includeRevoked, before, size }: KeyListing): Promise<readonly Key[]> {
    const rows = await this.#database.query<KeyRow>(
      `SELECT * FROM polygate_keys WHERE sequence < $1 AND (group_name = $2 OR $2 = '')
        ${includeRevoked ? "" : "AND revoked_ms IS NULL"} ORDER BY sequence DESC LIMIT ${size}`,
      [before ?? Number.MAX_SAFE_INTEGER, group],
    );
    return rows.map(keyOf);
  }

  /** At most `max` live keys, with the change from which on to follow them. */
  async snapshot(max: number, nowMs: number): Promise<KeySnapshot> {
    // Before the keys: what changes in between is reported again.
    const [state] = await this.#database.query<{ readonly change: number | string }>(
      "SELECT change FROM polygate_key_state",
    );
    const rows = await this.#database.query<KeyRow>(
      `SELECT * FROM polygate_keys WHERE revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > $1)
        ORDER BY coalesce(used_ms, 0) DESC, sequence DESC LIMIT ${max}`,
      [nowMs],
    );
    return { keys: rows.map(keyOf), change: Number(state?.change ?? 0) };
  }

  /** Keys as they are after the changes that followed this one, in their order; at most `changesMax`. */
  async changesAfter(change: number): Promise<readonly Key[]> {
    const rows = await this.#database.query<KeyRow>(
      `SELECT * FROM polygate_keys WHERE change > $1 ORDER BY change LIMIT ${changesMax}`,
      [change],
    );
    return rows.map(keyOf);
  }

  /** Keys of these names were used at these times. */
  async used(timesByName: ReadonlyMap<string, number>): Promise<void> {
    await this.#database.transaction(async (within) => {
      for (const [name, usedMs] of timesByName) {
        await within.query(
          `UPDATE polygate_keys SET used_ms = $1
            WHERE name = $2 AND revoked_ms IS NULL AND coalesce(used_ms, 0) < $1`,
          [usedMs, name],
        );
      }
    });
  }
}
