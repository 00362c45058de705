/** Opens the store of keys that the settings name, and lets it count what calls spend. */

import type { KeyStoreSettings } from "#config/settings.ts";
import type { Clock } from "#core/clock.ts";
import type { KeyRoom } from "#keys/key-room.ts";
import type { KeyMetrics } from "#keys/metric-families.ts";
import type { CallJournal, EndedCall } from "#observability/call-journal.ts";
import { causeText } from "#observability/cause-text.ts";
import type { Logger } from "#observability/logger.ts";
import type { RecordMetrics } from "#observability/metric-families.ts";
import type { StoreStates } from "#observability/store-states.ts";
import type { Database } from "#store/database.ts";
import { databaseError } from "#store/database-error.ts";

/** What a store of keys is opened with. */
export interface KeyStoreDeps {
  readonly settings: KeyStoreSettings | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: KeyMetrics & RecordMetrics;
  readonly journal: CallJournal;
  readonly stores: StoreStates;
}

/** Opens the room of keys; who has none loads nothing of it. Rejects when the store cannot be used. */
export async function openKeys(deps: KeyStoreDeps): Promise<KeyRoom | undefined> {
  const { settings, clock, logger, metrics, journal, stores } = deps;
  if (settings === undefined) return undefined;
  const { outageMs } = settings;
  const database = await openDatabase(settings);
  const failing = new Set<string>();
  const { openKeyRoom } = await import("#keys/key-room.ts");
  metrics.keyStoreUp.set(1);
  stores.set("key_store", "working");
  const room = await openKeyRoom({
    ...{ database, clock, outageMs },
    onStore(about, state, cause) {
      const isFailing = state === "failing";
      if (isFailing) metrics.keyStoreFailures.inc({ about });
      if (about === "keys") metrics.keyStoreUp.set(isFailing ? 0 : 1);
      if (isFailing === failing.has(about)) return;
      if (isFailing) {
        failing.add(about);
        logger.error({ about, error: causeText(cause) }, "the store of keys fails");
      } else {
        failing.delete(about);
        logger.info({ about }, "the store of keys works again");
      }
      stores.set("key_store", failing.size > 0 ? "failing" : "working");
    },
    onLost: (count) => metrics.recordsLost.inc({ record: "usage" }, count),
  });
  const add = ({ record, outcome, endedWallMs: wallMs }: EndedCall) => {
    const { principal, group = "", model = "", tags = [], surface } = record;
    // Copies for mirrors are the operator's.
    if (principal === undefined || outcome.uncounted === true || surface === "mirror") return;
    room.recorder.add({
      ...{ wallMs, key: principal, group, model, tags },
      promptTokens: record.promptTokens ?? 0,
      completionTokens: record.completionTokens ?? 0,
      cacheReadTokens: record.cacheReadTokens ?? 0,
      reasoningTokens: record.reasoningTokens ?? 0,
      microUsd: (record.cost ?? 0) * 1e6,
    });
  };
  journal.read((call) => {
    // The end of a call whose client left is reported before its backend hears of it, which then says what it used.
    if (call.outcome.code === "OK") add(call);
    else clock.timer(0, add, call);
  });
  return room;
}

async function openDatabase({ path = "", url }: KeyStoreSettings): Promise<Database> {
  if (url !== undefined) {
    const { PostgresDatabase } = await import("#store/postgres-database.ts");
    const database = new PostgresDatabase(url);
    try {
      await database.query("SELECT 1");
    } catch (thrown) {
      const { message, isAway } = databaseError(thrown);
      // One that is away is asked again.
      if (!isAway) {
        await database[Symbol.asyncDispose]();
        throw new Error(`auth.key_store.url: the database cannot be used: ${message}`, {
          cause: thrown,
        });
      }
    }
    return database;
  }
  const [{ SqliteDatabase }, { sql: keys }, { sql: byGroup }] = await Promise.all([
    import("#store/sqlite-database.ts"),
    import("#store/migrations/0002-keys.ts"),
    import("#store/migrations/0003-usage-by-group.ts"),
  ]);
  try {
    return new SqliteDatabase(path, [
      { name: "0002-keys", sql: keys },
      { name: "0003-usage-by-group", sql: byGroup },
    ]);
  } catch (thrown) {
    throw new Error(`auth.key_store.path: the file cannot be used: ${causeText(thrown)}`, {
      cause: thrown,
    });
  }
}
