/** Opens the history of calls: the store that the settings name, and the one recorder that writes to it. */

import type { HistorySettings } from "#config/settings.ts";
import type { Clock } from "#core/clock.ts";
import { MemoryHistory } from "#history/memory-store.ts";
import { HistoryRecorder } from "#history/recorder.ts";
import { type HistoryStore, resolutionsOf } from "#history/store.ts";
import { causeText } from "#observability/cause-text.ts";
import type { Logger } from "#observability/logger.ts";
import type { RecordMetrics } from "#observability/metric-families.ts";
import type { StoreStates } from "#observability/store-states.ts";
import { databaseError } from "#store/database-error.ts";

/** Where calls are written down and read again. Disposing of it writes what is not written yet. */
export interface CallHistory extends AsyncDisposable {
  readonly recorder: Pick<HistoryRecorder, "add" | "flush" | "lost">;
  readonly store: Pick<HistoryStore, "read">;
}

/** What a history is made of. */
export interface CallHistoryDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<RecordMetrics, "recordsLost">;
  /** Told of the history, where it is kept outside of the process. */
  readonly stores: StoreStates;
}

/** Opens the store; who names no database loads nothing of one. Rejects when it cannot be used. */
async function openStore({ path, url }: HistorySettings, logger: Logger): Promise<HistoryStore> {
  if (url !== undefined) return await openPostgres(url, logger);
  if (path === undefined) return new MemoryHistory();
  const { SqliteHistory } = await import("#history/sqlite-store.ts");
  try {
    return new SqliteHistory(path);
  } catch (thrown) {
    throw new Error(`history.path: the file cannot be used: ${causeText(thrown)}`, {
      cause: thrown,
    });
  }
}

/** A database that is away keeps no one from calling: its tables are made when it is there. */
async function openPostgres(url: string, logger: Logger): Promise<HistoryStore> {
  const { PostgresHistory } = await import("#history/postgres-store.ts");
  const store = new PostgresHistory(url);
  try {
    await store.open();
  } catch (thrown) {
    const { message, isAway } = databaseError(thrown);
    if (!isAway) {
      await store[Symbol.asyncDispose]();
      throw new Error(`history.url: the database cannot be used: ${message}`, { cause: thrown });
    }
    logger.warn({ error: message }, "the database of the history is away");
  }
  return store;
}

/** Opens it. Rejects when the store cannot be used. */
export async function openCallHistory(
  settings: HistorySettings,
  { clock, logger, metrics, stores }: CallHistoryDeps,
): Promise<CallHistory> {
  const store = await openStore(settings, logger);
  const { path, url, retentionMs } = settings;
  if (path !== undefined || url !== undefined) stores.set("history", "working");
  const recorder = new HistoryRecorder({
    store,
    resolutions: resolutionsOf(retentionMs),
    clock,
    onLost: (count) => metrics.recordsLost.inc({ record: "history" }, count),
    onStore(state, cause) {
      stores.set("history", state);
      if (state === "working") logger.info("history is written again");
      else logger.error({ error: causeText(cause) }, "history cannot be written");
    },
  });
  return {
    ...{ recorder, store },
    async [Symbol.asyncDispose]() {
      await recorder.flush();
      await store[Symbol.asyncDispose]();
    },
  };
}
