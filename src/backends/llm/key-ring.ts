/** The keys of a provider: each call takes the next one that was not refused lately. Pure but for the clock it is given. */

import type { Clock } from "#core/clock.ts";

/** A key that was refused is set aside for so long; an operator may have mended it by then. */
const asideMs = 300_000;

/** Keys that take turns. */
export class KeyRing {
  readonly #keys: readonly string[];
  readonly #clock: Clock;
  /** When a key may be used again, by its place. */
  readonly #asideUntilMs: number[];
  #next = 0;

  constructor(keys: readonly string[], clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
    this.#asideUntilMs = keys.map(() => Number.NEGATIVE_INFINITY);
  }

  /** Keys that may be used now. */
  get usable(): number {
    const nowMs = this.#clock.nowMs();
    return this.#asideUntilMs.filter((untilMs) => untilMs <= nowMs).length;
  }

  /** The next key; where all are set aside, the one that was longest. Undefined for a provider without keys. */
  take(): string | undefined {
    if (this.#keys.length === 0) return undefined;
    const nowMs = this.#clock.nowMs();
    const start = this.#next;
    for (let step = 0; step < this.#keys.length; step += 1) {
      const place = (start + step) % this.#keys.length;
      if ((this.#asideUntilMs[place] ?? 0) <= nowMs) {
        this.#next = place + 1;
        return this.#keys[place];
      }
    }
    const longest = this.#asideUntilMs.indexOf(Math.min(...this.#asideUntilMs));
    return this.#keys[longest];
  }

  /** Sets a key aside that the provider refused, or whose account is used up. */
  setAside(key: string): void {
    const place = this.#keys.indexOf(key);
    if (place >= 0) this.#asideUntilMs[place] = this.#clock.nowMs() + asideMs;
  }
}

/** What the log may show of a key: its last four characters, none of a short one. */
export function tailOf(key: string): string {
  return key.length >= 12 ? `…${key.slice(-4)}` : "…";
}
