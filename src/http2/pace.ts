/** A minimum rate that a peer has to keep, on average, and how far it may fall behind. Pure: it is told the time. */

/** What is asked of a peer. */
export interface PaceRule {
  /** Bytes a second. */
  readonly bytesPerSecondMin: number;
  /** How far it may fall behind; it cannot work ahead for more either. */
  readonly slackMs: number;
}

/** A peer under a rule, from when it was first waited for. */
export class Pace {
  readonly sinceMs: number;
  /** When it is late, if nothing more moves. */
  #lateMs: number;

  constructor(nowMs: number, slackMs: number) {
    this.sinceMs = nowMs;
    this.#lateMs = nowMs + slackMs;
  }

  /** Whether the peer is late, now that `bytes` more have moved since the last look. */
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
