/** The one history of all threads, in the main thread: one writer, and what threads read of it slice by slice. */

import { type CallHistory, type CallHistoryDeps, openCallHistory } from "#call-history.ts";
import type { HistorySettings } from "#config/settings.ts";
import type { HistoryBucket, HistorySample } from "#history/bucket.ts";
import { type HistoryRow, historyColumns, rowOf } from "#history/history-row.ts";
import type { StoreStates } from "#observability/store-states.ts";
import type { HistoryReading, HistoryState } from "./messages.ts";

/** Buckets are written by name of their columns: their own classes do not cross threads. */
function namedRow(bucket: HistoryBucket): HistoryRow {
  const values = rowOf(bucket, "");
  return Object.fromEntries(historyColumns.map((name, at) => [name, values[at]])) as HistoryRow;
}

/** Opens the history of the process. Rejects when its store cannot be used. */
export async function openSharedHistory(
  settings: HistorySettings,
  deps: Omit<CallHistoryDeps, "stores">,
): Promise<SharedHistory> {
  const stores: StoreStates = new Map();
  return new SharedHistory(await openCallHistory(settings, { ...deps, stores }), stores);
}

/** What threads record and read. Disposing of it writes what is not written yet. */
export class SharedHistory implements AsyncDisposable {
  readonly #history: CallHistory;
  readonly #stores: StoreStates;
  /** By thread and number; each belongs to a call of that thread. */
  readonly #readings = new Map<number, Map<number, AsyncIterator<readonly HistoryBucket[]>>>();

  constructor(history: CallHistory, stores: StoreStates) {
    this.#history = history;
    this.#stores = stores;
  }

  /** Takes calls that have ended. */
  record(samples: readonly HistorySample[]): HistoryState {
    const { recorder } = this.#history;
    for (const sample of samples) recorder.add(sample);
    return { lost: recorder.lost, state: this.#stores.get("history") };
  }

  /** Where it is read. */
  get store(): CallHistory["store"] {
    return this.#history.store;
  }

  /** Has all that was recorded be in the store. */
  flush(): Promise<void> {
    return this.#history.recorder.flush();
  }

  /** The next slice of a thread's reading, which begins with the first; undefined at its end. Rejects as the store does. */
  async next(
    slot: number,
    { reading, range }: HistoryReading,
  ): Promise<readonly HistoryRow[] | undefined> {
    const readings = this.#readings.get(slot) ?? new Map();
    this.#readings.set(slot, readings);
    const slices = readings.get(reading) ?? this.#history.store.read(range)[Symbol.asyncIterator]();
    readings.set(reading, slices);
    try {
      const { done, value } = await slices.next();
      if (done !== true) return value.map(namedRow);
    } catch (thrown) {
      readings.delete(reading);
      throw thrown;
    }
    readings.delete(reading);
    return undefined;
  }

  /** A thread reads no further. */
  async stop(slot: number, reading: number): Promise<void> {
    const readings = this.#readings.get(slot);
    const slices = readings?.get(reading);
    readings?.delete(reading);
    await slices?.return?.();
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#history[Symbol.asyncDispose]();
  }

  /** A thread has ended. */
  ended(slot: number): void {
    for (const slices of this.#readings.get(slot)?.values() ?? []) void slices.return?.();
    this.#readings.delete(slot);
  }
}
