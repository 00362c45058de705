/** Counts the calls in progress of all threads by owner; those of a thread that has ended are given back. */

import type { Places } from "./in-progress.ts";
import {
  type LimitsMemory,
  locked,
  type MemoryKey,
  memoryKeys,
  partsOf,
  placeWays,
  unlock,
} from "./shared-memory.ts";

/**
 * Calls in progress. Each owner has an entry, with a number for each thread, among the 64 that its key may
 * lie in; an owner that finds none free is refused, which takes tens of thousands of owners with calls.
 */
export class SharedPlaces implements Places {
  readonly #lock: Int32Array;
  readonly #words: Int32Array;
  readonly #entries: number;
  readonly #slots: number;
  readonly #thread: number;
  readonly #keyOf: (text: string) => MemoryKey;

  /** `thread` counts from 1 to the slots of the memory. */
  constructor(memory: LimitsMemory, thread: number) {
    const { lock, placeWords } = partsOf(memory);
    this.#lock = lock;
    this.#words = placeWords;
    this.#entries = memory.places;
    this.#slots = memory.slots;
    this.#thread = thread;
    this.#keyOf = memoryKeys(memory.seed);
  }

  of(owner: string): number {
    return this.#alone(() => {
      const at = this.#find(this.#keyOf(owner));
      return at === undefined ? 0 : this.#countAt(at);
    });
  }

  get owners(): number {
    return this.#alone(() => {
      let owners = 0;
      for (let entry = 0; entry < this.#entries; entry += 1) {
        if (this.#countAt(this.#wordOf(entry)) > 0) owners += 1;
      }
      return owners;
    });
  }

  take(owner: string, max: number): boolean {
    return this.#alone(() => {
      const key = this.#keyOf(owner);
      const at = this.#find(key) ?? this.#claim(key);
      if (at === undefined || this.#countAt(at) >= max) return false;
      this.#add(at, 1);
      return true;
    });
  }

  leave(owner: string): void {
    this.#alone(() => {
      const at = this.#find(this.#keyOf(owner));
      if (at !== undefined) this.#add(at, -1);
    });
  }

  /** A thread has ended, whatever it was doing: its calls are over. Only who is no such thread calls this. */
  ended(thread: number): void {
    unlock(this.#lock, thread);
    this.#alone(() => {
      for (let entry = 0; entry < this.#entries; entry += 1) {
        this.#words[this.#wordOf(entry) + 1 + thread] = 0;
      }
    });
  }

  #alone<T>(work: () => T): T {
    return locked(this.#lock, this.#thread, work);
  }

  #wordOf(entry: number): number {
    return entry * (2 + this.#slots);
  }

  #countAt(word: number): number {
    let count = 0;
    for (let slot = 0; slot < this.#slots; slot += 1) count += this.#words[word + 2 + slot] ?? 0;
    return count;
  }

  #add(word: number, by: number): void {
    const own = word + 1 + this.#thread;
    this.#words[own] = (this.#words[own] ?? 0) + by;
  }

  /** The word at which an owner's entry begins. */
  #find({ high, low }: MemoryKey): number | undefined {
    for (let way = 0; way < placeWays; way += 1) {
      const word = this.#wordOf(((low >>> 1) + way) % this.#entries);
      const found = this.#words[word + 1];
      if (found === low && this.#words[word] === high) return word;
      // Entries are used again, and never given back: after one that was never used there is none.
      if (found === 0) return undefined;
    }
    return undefined;
  }

  /** An entry for an owner that has none. */
  #claim({ high, low }: MemoryKey): number | undefined {
    for (let way = 0; way < placeWays; way += 1) {
      const word = this.#wordOf(((low >>> 1) + way) % this.#entries);
      if (this.#countAt(word) > 0) continue;
      this.#words[word] = high;
      this.#words[word + 1] = low;
      return word;
    }
    return undefined;
  }
}
