/** Hands calls that have ended to whoever shows or counts them: off their path, in batches, in bounds. */

import type { Clock } from "#core/clock.ts";
import type { CallOutcome, CallRecord } from "./call-record.ts";

/** A call that has ended. */
export interface EndedCall {
  readonly record: CallRecord;
  readonly outcome: CallOutcome;
  /** Milliseconds from arrival to the end of the response. */
  readonly elapsedMs: number;
  /** When it ended, in milliseconds since the Unix epoch. */
  readonly endedWallMs: number;
}

/** Takes a batch; must not throw. */
export type JournalReader = (calls: readonly EndedCall[]) => void;

/** Pause between two batches. */
const pauseMs = 50;
/** Calls that wait for the next batch; further ones are counted and forgotten. */
const waitingMaxDefault = 5_000;

/** What a journal may be given. */
export interface JournalOptions {
  readonly waitingMax?: number;
  /** Told of each call that no reader is given. */
  onLost?(): void;
}

/** The way from calls to their readers. */
export class CallJournal {
  readonly #clock: Clock;
  readonly #waitingMax: number;
  readonly #onLost: (() => void) | undefined;
  readonly #readers: JournalReader[] = [];
  #waiting: EndedCall[] = [];
  #isPausing = false;
  #lost = 0;

  constructor(clock: Clock, { waitingMax = waitingMaxDefault, onLost }: JournalOptions = {}) {
    this.#clock = clock;
    this.#waitingMax = waitingMax;
    this.#onLost = onLost;
  }

  /** Calls that no reader was given. */
  get lost(): number {
    return this.#lost;
  }

  /** Gives `reader` every batch from now on. */
  read(reader: JournalReader): void {
    this.#readers.push(reader);
  }

  /** A call and its exchange have ended. */
  add(record: CallRecord, outcome: CallOutcome): void {
    if (this.#readers.length === 0) return;
    if (this.#waiting.length >= this.#waitingMax) {
      this.#lost += 1;
      this.#onLost?.();
      return;
    }
    const elapsedMs = this.#clock.nowMs() - record.startMs;
    this.#waiting.push({ record, outcome, elapsedMs, endedWallMs: this.#clock.wallMs() });
    if (!this.#isPausing) void this.#pause();
  }

  /** Gives the readers now what waits: for whoever looks at what they have. */
  handOver(): void {
    const calls = this.#waiting;
    if (calls.length === 0) return;
    this.#waiting = [];
    for (const reader of this.#readers) reader(calls);
  }

  async #pause(): Promise<void> {
    this.#isPausing = true;
    await this.#clock.sleep(pauseMs);
    this.#isPausing = false;
    this.handOver();
  }
}
