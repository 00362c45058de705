/** What a key or a group spent until now, as far as it is kept: for budgets that begin to be counted. */

import type { Clock } from "#core/clock.ts";
import { Slots } from "#core/slots.ts";
import { type HourSpent, usageKeptMs, usageStepMs } from "./usage.ts";
import type { UsageRecorder } from "./usage-recorder.ts";
import type { UsageStore } from "./usage-store.ts";

/** What it is made of. */
export interface SpentBeforeOptions {
  readonly store: Pick<UsageStore, "spent">;
  readonly recorder: Pick<UsageRecorder, "openHours">;
  readonly clock: Pick<Clock, "wallMs" | "sleep">;
  /** Notified of each failure, and when questions are answered again. */
  onStore(state: "failing" | "working", cause?: unknown): void;
}

/** Money, and when the last of it was spent, in milliseconds since the Unix epoch. */
export interface SpentUntil {
  readonly untilMs: number;
  readonly microUsd: number;
}

/** Questions to the store at one time, and those that wait for it or for their turn. */
const askingMax = 8;
const waitingMax = 10_000;
/** Time between two tries. */
const pauseMs = 1_000;

/** Asks the store until it answers. Disposing of it lets go of all who wait. */
export class SpentBefore implements Disposable {
  readonly #options: SpentBeforeOptions;
  readonly #slots = new Slots(askingMax);
  readonly #closing = new AbortController();
  #waiting = 0;
  #isFailing = false;

  constructor(options: SpentBeforeOptions) {
    this.#options = options;
  }

  /**
   * What was spent from `fromMs` on until this moment, by the hour, the earliest first: whatever is
   * spent while it is asked for does not count. Nothing where too many ask, or once it is disposed of.
   * Does not reject.
   */
  async of(by: "key" | "group", name: string, fromMs: number): Promise<readonly SpentUntil[]> {
    if (this.#waiting >= waitingMax || this.#closing.signal.aborted) return [];
    const { clock, recorder } = this.#options;
    const nowMs = clock.wallMs();
    const hourMs = Math.floor(nowMs / usageStepMs) * usageStepMs;
    // What this process has in memory is whole: of its own rows the store is asked for those before.
    const own = recorder.openHours(by, name).filter(({ startMs }) => startMs >= fromMs);
    const question = {
      ...{ by, name },
      fromMs: Math.max(fromMs, hourMs - usageKeptMs),
      toMs: hourMs + usageStepMs,
      ownToMs: Math.min(hourMs, ...own.map(({ startMs }) => startMs)),
    };
    this.#waiting += 1;
    try {
      const kept = await this.#ask(question);
      return [...kept, ...own]
        .toSorted((one, other) => one.startMs - other.startMs)
        .map(({ startMs, microUsd }) => ({
          untilMs: Math.min(nowMs, startMs + usageStepMs),
          microUsd,
        }));
    } catch {
      // It is disposed of: the gateway stops.
      return [];
    } finally {
      this.#waiting -= 1;
    }
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
  }

  async #ask(question: Parameters<UsageStore["spent"]>[0]): Promise<readonly HourSpent[]> {
    const { store, clock } = this.#options;
    const { signal } = this.#closing;
    for (;;) {
      await this.#slots.take(signal);
      try {
        const hours = await store.spent(question);
        this.#tell("working");
        return hours;
      } catch (thrown) {
        signal.throwIfAborted();
        this.#tell("failing", thrown);
      } finally {
        this.#slots.give();
      }
      await clock.sleep(pauseMs, signal);
    }
  }

  #tell(state: "failing" | "working", cause?: unknown): void {
    if (state === "working" && !this.#isFailing) return;
    this.#isFailing = state === "failing";
    this.#options.onStore(state, cause);
  }
}
