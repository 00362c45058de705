/** The history of all threads, seen from one: the main thread writes and reads it, this one sends its calls there. */

import type { CallHistory } from "#call-history.ts";
import type { HistoryBucket, HistorySample } from "#history/bucket.ts";
import { bucketOf } from "#history/history-row.ts";
import type { BucketRange } from "#history/store.ts";
import type { StoreStates } from "#observability/store-states.ts";
import type { AskedOfMain, AskedOfThread } from "./messages.ts";
import type { PortCalls } from "./port-calls.ts";

/** How long a call waits for others to be sent with it, and how many go together. */
const gatherMs = 250;
const gatheredMax = 500;
/** Batches that the main thread has not taken yet; the calls of further ones are lost, and counted. */
const batchesMax = 20;

/** One thread's end of it. Disposing of it sends what is left. */
export class RemoteHistory implements CallHistory {
  readonly #calls: Pick<PortCalls<AskedOfMain, AskedOfThread>, "ask">;
  readonly #stores: StoreStates;
  #samples: HistorySample[] = [];
  #timer: NodeJS.Timeout | undefined;
  #underWay = 0;
  /** Calls that the main thread said are lost, and those that were lost on the way to it. */
  #lostThere = 0;
  #lostHere = 0;
  #readings = 0;

  /** `stores` learns of the history, where it is kept outside of the process. */
  constructor(calls: Pick<PortCalls<AskedOfMain, AskedOfThread>, "ask">, stores: StoreStates) {
    this.#calls = calls;
    this.#stores = stores;
  }

  readonly recorder = {
    add: (sample: HistorySample): void => {
      this.#samples.push(sample);
      if (this.#samples.length >= gatheredMax) void this.#send();
      else this.#timer ??= setTimeout(() => void this.#send(), gatherMs).unref();
    },
    flush: async (): Promise<void> => {
      await this.#send();
      await this.#calls.ask("flushHistory", undefined);
    },
    lost: 0,
  };

  readonly store = { read: (range: BucketRange) => this.#read(range) };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#send();
  }

  /** Never rejects: who records a call does not wait for it. */
  async #send(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const samples = this.#samples;
    if (samples.length === 0) return;
    this.#samples = [];
    if (this.#underWay >= batchesMax) {
      this.#lostHere += samples.length;
    } else {
      this.#underWay += 1;
      try {
        const { lost, state } = await this.#calls.ask("recordHistory", samples);
        this.#lostThere = lost;
        if (state !== undefined) this.#stores.set("history", state);
      } catch {
        // The main thread has ended, and the process with it.
      } finally {
        this.#underWay -= 1;
      }
    }
    this.recorder.lost = this.#lostThere + this.#lostHere;
  }

  async *#read(range: BucketRange): AsyncGenerator<readonly HistoryBucket[]> {
    this.#readings += 1;
    const reading = this.#readings;
    let isOver = false;
    try {
      for (;;) {
        const rows = await this.#calls.ask("readHistory", { reading, range });
        isOver = rows === undefined;
        if (rows === undefined) return;
        yield rows.map(bucketOf);
      }
    } finally {
      if (!isOver) void this.#calls.ask("endReading", reading).catch(() => {});
    }
  }
}
