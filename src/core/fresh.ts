/** What is expensive to make, given again for a while: one making for all who ask in that time. */

import type { Clock } from "./clock.ts";

/** Values that are kept; the oldest is dropped first. */
const entriesMax = 32;

/** Keeps what was made for each key, as long as it is fresh. */
export class Fresh<K, V> {
  readonly #clock: Clock;
  readonly #keptMs: number;
  readonly #entries = new Map<K, { readonly madeMs: number; readonly value: Promise<V> }>();

  /** 0 keeps nothing beyond its making. */
  constructor(clock: Clock, keptMs: number) {
    this.#clock = clock;
    this.#keptMs = keptMs;
  }

  /** What `make` made for the key lately, or makes now. A failure is not kept. */
  async get(key: K, make: () => Promise<V>): Promise<V> {
    const nowMs = this.#clock.nowMs();
    const known = this.#entries.get(key);
    if (known !== undefined && nowMs - known.madeMs < this.#keptMs) return await known.value;
    const entry = { madeMs: nowMs, value: make() };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= entriesMax) break;
      this.#entries.delete(oldest);
    }
    try {
      return await entry.value;
    } catch (thrown) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw thrown;
    }
  }
}
