/** Hands calls that have ended to whoever shows or counts them. */

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

/** Takes a call. It must not throw, and takes a few microseconds at most: it runs for every call. */
export type JournalReader = (call: EndedCall) => void;

/** The way from calls to their readers. */
export class CallJournal {
  readonly #clock: Clock;
  readonly #readers: JournalReader[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Gives `reader` every call that ends from now on. */
  read(reader: JournalReader): void {
    this.#readers.push(reader);
  }

  /** A call and its exchange have ended, so many milliseconds after its arrival. */
  add(
    record: CallRecord,
    outcome: CallOutcome,
    elapsedMs = this.#clock.nowMs() - record.startMs,
  ): void {
    if (this.#readers.length === 0) return;
    const call = { record, outcome, elapsedMs, endedWallMs: this.#clock.wallMs() };
    for (const reader of this.#readers) reader(call);
  }
}
