/** How long to wait before a thread that has crashed is replaced, and when to give up. Pure: it is given the time. */

import { doubledPauseMs } from "#core/doubled-pause.ts";

/** Between a crash and the next start, from the second crash on; the last one that is allowed waits longest. */
const pauses = { firstMs: 1_000, mostMs: 8_000 };
/** Crashes within this time are counted together. */
const windowMs = 60_000;
/** More of them than this in that time, and another process has to try. */
const crashesMax = 5;

/** The crashes of all threads of a process. */
export class CrashPauses {
  #crashes: number[] = [];

  /** A thread has crashed: the wait before the next one starts, or undefined when no other is to start. */
  next(nowMs: number): number | undefined {
    this.#crashes = [...this.#crashes.filter((atMs) => nowMs - atMs < windowMs), nowMs];
    const count = this.#crashes.length;
    if (count > crashesMax) return undefined;
    // One crash may be the fault of one call: only what goes on crashing is given time.
    return count === 1 ? 0 : doubledPauseMs(count - 1, pauses);
  }
}
