/** A client that has ended its side: it may still read, or have left; only writing to it tells. Pure. */

/** The first probe provokes the reset of a client that left; the second meets it, if it took no longer than this. */
const firstPauseMs = 5;
/** Each of the next pauses is so many times as long as the one before: for clients that are farther away. */
const growth = 3;
/** Past this, who still waits is one that reads. */
const quickMsMax = 1_000;
const laterProbeMs = 30_000;

/** When to write something to such a client while it waits for a response. */
export class HalfClose {
  /** When the client's end came. */
  readonly sinceMs: number;
  #dueMs: number;
  #pauseMs = firstPauseMs;

  /** The first probe is due `firstProbeMs` after the client's end. */
  constructor(nowMs: number, firstProbeMs = 0) {
    this.sinceMs = nowMs;
    this.#dueMs = nowMs + firstProbeMs;
  }

  /** Milliseconds until the next probe; undefined once it has as much time as a look each half second leaves it. */
  quickMs(nowMs: number): number | undefined {
    return this.#pauseMs > quickMsMax ? undefined : Math.max(0, this.#dueMs - nowMs);
  }

  /** Whether a probe is due; the next one is due later. */
  takeProbe(nowMs: number): boolean {
    if (nowMs < this.#dueMs) return false;
    const isQuick = this.#pauseMs <= quickMsMax;
    this.#dueMs = nowMs + (isQuick ? this.#pauseMs : laterProbeMs);
    if (isQuick) this.#pauseMs *= growth;
    return true;
  }
}
