/** What was spent, in a database: rows by the hour, written again as they grow, so that a failed write is harmless. */

import { createHash, randomUUID } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import type { Database, SqlValue } from "#store/database.ts";
import { type HourSpent, type UsageRecord, usageName } from "./usage.ts";

/** Rows of one statement, and of one page. */
const rowsMax = 50;
const pageMax = 500;
/** Time that one statement sums up: a file keeps the process waiting while it does. */
const sumMs = 7 * 24 * 3_600_000;

/** `spender` is a digest of the names: a row is found by few bytes, however long they are. */
const keyNames = ["start_ms", "spender", "instance"] as const;
const names = ["key_name", "group_name", "model", "tags"] as const;
const countNames = [
  "requests",
  "prompt_tokens",
  "completion_tokens",
  "cache_read_tokens",
  "reasoning_tokens",
  "micro_usd",
] as const;
const columns = [...keyNames, ...names, ...countNames];

type UsageRow = Readonly<
  Record<(typeof keyNames)[number] | (typeof names)[number], string> &
    Record<(typeof countNames)[number], number>
>;

function valuesOf({ startMs, key, group, model, tags, spent }: UsageRecord, instance: string) {
  const { requests, promptTokens, completionTokens } = spent;
  const { cacheReadTokens, reasoningTokens, microUsd } = spent;
  const named = [key, group, model, JSON.stringify(tags)];
  const spender = createHash("sha256").update(JSON.stringify(named)).digest("hex");
  const counts = [requests, promptTokens, completionTokens, cacheReadTokens, reasoningTokens];
  return [startMs, spender, instance, ...named, ...counts, microUsd];
}

function recordOf(row: UsageRow): UsageRecord {
  return {
    startMs: Number(row.start_ms),
    key: row.key_name,
    group: row.group_name,
    model: row.model,
    tags: JSON.parse(row.tags) as readonly string[],
    spent: {
      requests: row.requests,
      promptTokens: row.prompt_tokens,
      completionTokens: row.completion_tokens,
      cacheReadTokens: row.cache_read_tokens,
      reasoningTokens: row.reasoning_tokens,
      microUsd: row.micro_usd,
    },
  };
}

/** The statement that writes so many rows. */
function upsertText(count: number): string {
  const rows = Array.from({ length: count }, (_, row) => {
    const places = columns.map((_name, column) => `$${row * columns.length + column + 1}`);
    return `(${places.join(", ")})`;
  });
  const updates = countNames.map((name) => `${name} = excluded.${name}`);
  return `INSERT INTO polygate_usage (${columns.join(", ")}) VALUES ${rows.join(", ")}
    ON CONFLICT (${keyNames.join(", ")}) DO UPDATE SET ${updates.join(", ")}`;
}

/** The statement that reads a page; of one key it looks at nothing else. */
function pageText(isOfKey: boolean): string {
  return `SELECT * FROM polygate_usage
    WHERE start_ms >= $1 AND start_ms < $2 AND (start_ms, spender, instance) > ($3, $4, $5)
      ${isOfKey ? "AND key_name = $6" : ""}
    ORDER BY ${keyNames.join(", ")} LIMIT ${pageMax}`;
}

/** Whose money is asked for, and of which hours. */
export interface SpentQuestion {
  readonly by: "key" | "group";
  readonly name: string;
  /** Hours that begin at or after the one and before the other. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Of those that this run wrote itself, only hours that begin before. */
  readonly ownToMs: number;
}

/** The statement that sums up money by the hour. */
function sumText(by: SpentQuestion["by"]): string {
  return `SELECT start_ms, SUM(micro_usd) AS micro_usd FROM polygate_usage
    WHERE ${by}_name = $1 AND start_ms >= $2 AND start_ms < $3 AND (instance <> $4 OR start_ms < $5)
    GROUP BY start_ms ORDER BY start_ms`;
}

/** Keeps what was spent. Every method may reject with a DatabaseError. */
export class UsageStore {
  readonly #database: Database;
  /** Distinguishes the rows of this run from those of others in the same database. */
  readonly #instance = randomUUID();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Puts records in the place of those of the same spender and hour that this run wrote before. */
  async write(records: readonly UsageRecord[]): Promise<void> {
    for (let at = 0; at < records.length; at += rowsMax) {
      if (at > 0) await turn();
      const some = records.slice(at, at + rowsMax);
      const values: SqlValue[] = some.flatMap((record) => valuesOf(record, this.#instance));
      await this.#database.query(upsertText(some.length), values);
    }
  }

  /** Records of the hours that begin at or after `fromMs` and before `toMs`, of one key or of all, in slices. */
  async *read(fromMs: number, toMs: number, key = ""): AsyncGenerator<readonly UsageRecord[]> {
    const text = pageText(key !== "");
    const named = key === "" ? [] : [key];
    // Nothing is less than an empty name, so that this is before all of `fromMs`.
    let after: readonly [number, string, string] = [fromMs, "", ""];
    for (;;) {
      const rows = await this.#database.query<UsageRow>(text, [fromMs, toMs, ...after, ...named]);
      yield rows.map(recordOf);
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageMax) return;
      after = [Number(last.start_ms), last.spender, last.instance];
      await turn();
    }
  }

  /** The money that one spent, by the hour, the earliest first; hours without any are left out. */
  async spent({ by, name, fromMs, toMs, ownToMs }: SpentQuestion): Promise<readonly HourSpent[]> {
    const hours: HourSpent[] = [];
    const text = sumText(by);
    const wanted = usageName(name);
    for (let at = fromMs; at < toMs; at += sumMs) {
      if (at > fromMs) await turn();
      const values = [wanted, at, Math.min(toMs, at + sumMs), this.#instance, ownToMs];
      const rows = await this.#database.query<Pick<UsageRow, "start_ms" | "micro_usd">>(
        text,
        values,
      );
      for (const row of rows) {
        hours.push({ startMs: Number(row.start_ms), microUsd: row.micro_usd });
      }
    }
    return hours;
  }

  /** Forgets hours that began before. */
  async forget(beforeMs: number): Promise<void> {
    await this.#database.query("DELETE FROM polygate_usage WHERE start_ms < $1", [beforeMs]);
  }
}
