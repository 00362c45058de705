/** A client that has ended its side: it may still read, or have left; only writing to it tells. Pure. */

/** Until then most responses are there, and need no probe. */
const firstProbeMs = 1_000;
/** The first probe provokes the reset of a client that left, the next write meets it. */
const secondProbeMs = 500;
const laterProbeMs = 30_000;

/** When to write something harmless to such a client while it waits for a response. */
export class HalfClose {
  /** When the client's end came. */
  readonly sinceMs: number;
  #probes = 0;
  #dueMs: number;

  constructor(nowMs: number) {
    this.sinceMs = nowMs;
    this.#dueMs = nowMs + firstProbeMs;
  }

  /** Whether a probe is due; the next one is due later. */
  takeProbe(nowMs: number): boolean {
    if (nowMs < this.#dueMs) return false;
    this.#dueMs = nowMs + (this.#probes === 0 ? secondProbeMs : laterProbeMs);
    this.#probes += 1;
    return true;
  }
}
