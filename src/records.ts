/** What is kept of calls, for all that shows them: the journal and its readers, decisions, the history. */

import type { CallHistory } from "#call-history.ts";
import type { HistorySettings, RequestsSettings } from "#config/settings.ts";
import type { Clock } from "#core/clock.ts";
import { Availability } from "#history/availability.ts";
import { type HistoryStore, resolutionsOf } from "#history/store.ts";
import { CallJournal } from "#observability/call-journal.ts";
import type { RecordMetrics } from "#observability/metric-families.ts";
import { RecentCalls } from "#observability/recent-calls.ts";
import type { PoolChange } from "#pool/pool.ts";
import { DecisionLog } from "#routing/decision-log.ts";
import { createForecast, Forecaster } from "#services/forecast.ts";
import { ForecastGauges, type ForecastGaugesDeps } from "#services/forecast-gauges.ts";
import { samplesOf } from "#services/history-samples.ts";
import { createPerformance } from "#services/performance.ts";
import type { OverTime } from "#services/stats.ts";

/** What is kept. Disposing of it writes what is not written yet. */
export interface Records extends AsyncDisposable {
  readonly journal: CallJournal;
  readonly calls: RecentCalls;
  readonly decisions: DecisionLog;
  readonly performance: OverTime;
  /** Where the history is read. */
  readonly history: Pick<HistoryStore, "read">;
  /** The forecast of the next hours, as metrics. */
  readonly forecastGauges: ForecastGauges;
  /** A probe found an endpoint in another state than before. */
  onHealth(change: PoolChange): void;
}

/** What records are made of. */
export interface RecordsDeps {
  readonly settings: { readonly requests: RequestsSettings; readonly history: HistorySettings };
  readonly clock: Clock;
  readonly metrics: RecordMetrics & ForecastGaugesDeps["metrics"];
  /** Ends with the records. */
  readonly history: CallHistory;
  /** Numbers of what is kept, where others keep as well. */
  readonly numbers?: { calls(): number; decisions(): number } | undefined;
}

/** Makes everything that is kept of calls. */
export function createRecords({
  settings,
  clock,
  metrics,
  history,
  numbers,
}: RecordsDeps): Records {
  const { retentionMs, cacheTtlMs } = settings.history;
  const { recorder, store } = history;
  const resolutions = resolutionsOf(retentionMs);
  const journal = new CallJournal(clock);
  const lostCalls = metrics.recordsLost.labels({ record: "call" });
  const calls = new RecentCalls({
    ...settings.requests,
    onLost: () => lostCalls.inc(),
    number: numbers?.calls,
  });
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
    decisions: new DecisionLog(clock, undefined, numbers?.decisions),
    performance: { ...createPerformance(read), ...createForecast(forecaster, read) },
    history: store,
    forecastGauges: new ForecastGauges({ clock, forecaster, metrics }),
    onHealth: ({ pool, member: { id, health } }) =>
      availability.note(pool, id, health.kind === "healthy"),
    [Symbol.asyncDispose]: () => history[Symbol.asyncDispose](),
  };
}
