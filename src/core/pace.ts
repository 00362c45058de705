/** A minimum rate that a peer has to keep, on average, and how far it may fall behind. Pure: it is given the time. */

/** What is asked of a peer. */
export interface PaceRule {
  /** Bytes per second. */
  readonly bytesPerSecondMin: number;
  /** How far it may fall behind; it cannot work ahead for more either. */
  readonly slackMs: number;
}

/** What every engine asks of clients that send a body, or read a response, in pieces. */
export const slowestPace: PaceRule = { bytesPerSecondMin: 1024, slackMs: 30_000 };

/** A peer under a rule, from when it was first waited for. */
export class Pace {
  readonly sinceMs: number;
  /** Bytes that had moved in all at the last look. */
  #seenBytes: number;
  /** When it is late, if nothing more moves. */
  #lateMs: number;

  /** `movedBytes` have moved in all so far. */
  constructor(nowMs: number, slackMs: number, movedBytes: number) {
    this.sinceMs = nowMs;
    this.#seenBytes = movedBytes;
    this.#lateMs = nowMs + slackMs;
  }

  /** Bytes that have moved since the last look. */
  look(movedBytes: number): number {
    const bytes = movedBytes - this.#seenBytes;
    this.#seenBytes = movedBytes;
    return bytes;
  }

  /** Whether the peer is late, now that `bytes` more have moved. */
  isLate(nowMs: number, bytes: number, { bytesPerSecondMin, slackMs }: PaceRule): boolean {
    const earnedMs = (1000 * bytes) / bytesPerSecondMin;
    this.#lateMs = Math.min(this.#lateMs + earnedMs, nowMs + slackMs);
    return nowMs >= this.#lateMs;
  }

  /** It was not the peer's turn: its time stands still. */
  excuse(elapsedMs: number): void {
    this.#lateMs += elapsedMs;
  }
}
