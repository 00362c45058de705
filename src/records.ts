/** What is kept of calls, for all that shows them: the journal and its readers, decisions, the history. */

import type { HistorySettings, RequestsSettings } from "#config/settings.ts";
import type { Clock } from "#core/clock.ts";
import { Availability } from "#history/availability.ts";
import { MemoryHistory } from "#history/memory-store.ts";
import { HistoryRecorder } from "#history/recorder.ts";
import { type HistoryStore, resolutionsOf } from "#history/store.ts";
import { CallJournal } from "#observability/call-journal.ts";
import { causeText } from "#observability/cause-text.ts";
import type { Logger } from "#observability/logger.ts";
import type { RecordMetrics } from "#observability/metric-families.ts";
import { RecentCalls } from "#observability/recent-calls.ts";
import type { StoreStates } from "#observability/store-states.ts";
import type { PoolChange } from "#pool/pool.ts";
import { DecisionLog } from "#routing/decision-log.ts";
import { createForecast, Forecaster } from "#services/forecast.ts";
import { ForecastGauges, type ForecastGaugesDeps } from "#services/forecast-gauges.ts";
import { samplesOf } from "#services/history-samples.ts";
import { createPerformance } from "#services/performance.ts";
import type { OverTime } from "#services/stats.ts";
import { databaseError } from "#store/database-error.ts";

/** What is kept. Disposing of it writes what is not written yet. */
export interface Records extends AsyncDisposable {
  readonly journal: CallJournal;
  readonly calls: RecentCalls;
  readonly decisions: DecisionLog;
  readonly performance: OverTime;
  /** Where the history is read. */
  readonly history: Pick<HistoryStore, "read">;
  /** What is told of the next hours, as metrics. */
  readonly forecastGauges: ForecastGauges;
  /** A probe found an endpoint in another state than before. */
  onHealth(change: PoolChange): void;
}

/** What records are made of. */
export interface RecordsDeps {
  readonly settings: { readonly requests: RequestsSettings; readonly history: HistorySettings };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RecordMetrics & ForecastGaugesDeps["metrics"];
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

/** Opens everything that is kept of calls. */
export async function openRecords({
  settings,
  clock,
  logger,
  metrics,
  stores,
}: RecordsDeps): Promise<Records> {
  const { retentionMs, cacheTtlMs } = settings.history;
  const store = await openStore(settings.history, logger);
  const { path, url } = settings.history;
  if (path !== undefined || url !== undefined) stores.set("history", "working");
  const resolutions = resolutionsOf(retentionMs);
  const recorder = new HistoryRecorder({
    store,
    resolutions,
    clock,
    onLost: (count) => metrics.recordsLost.inc({ record: "history" }, count),
    onStore(state, cause) {
      stores.set("history", state);
      if (state === "working") logger.info("history is written again");
      else logger.error({ error: causeText(cause) }, "history cannot be written");
    },
  });
  const journal = new CallJournal(clock);
  const lostCalls = metrics.recordsLost.labels({ record: "call" });
  const calls = new RecentCalls({ ...settings.requests, onLost: () => lostCalls.inc() });
  journal.read((call) => {
    calls.add(call);
    for (const sample of samplesOf(call)) recorder.add(sample);
  });
  const availability = new Availability(clock);
  const read = { clock, store, recorder, resolutions, availability, cacheTtlMs };
  const forecaster = new Forecaster(read);
  return {
    journal,
    calls,
    decisions: new DecisionLog(clock),
    performance: { ...createPerformance(read), ...createForecast(forecaster, read) },
    history: store,
    forecastGauges: new ForecastGauges({ clock, forecaster, metrics }),
    onHealth: ({ pool, member: { id, health } }) =>
      availability.note(pool, id, health.kind === "healthy"),
    async [Symbol.asyncDispose]() {
      await recorder.flush();
      await store[Symbol.asyncDispose]();
    },
  };
}
