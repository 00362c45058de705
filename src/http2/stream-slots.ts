/** Open streams by identifier, in a table that makes no garbage as they come and go. */

/** What is kept: identifiers are unique, and rise by two. */
interface Identified {
  readonly id: number;
}

const slotsMin = 8;

/** 2 ** 32 divided by the golden ratio: numbers that follow each other come to lie far apart. */
const spread = 0x9e3779b1;

/**
 * Open addressing with linear probing. Identifiers that rise by two lie far apart, so that a stream has
 * no neighbours that are looked at with it. A Map replaces its table again and again as streams come
 * and go, and each old one that outlives a collection of young objects keeps every stream in it
 * alive until the next full one: a quarter of the time of a busy server went there.
 */
export class StreamSlots<S extends Identified> {
  /** A power of two of slots, at most half of them taken; none before the first stream. */
  #slots: (S | undefined)[] = [];
  /** Bits of a hash that are more than the slots have. */
  #shift = 32;
  #size = 0;

  /** Streams in it. */
  get size(): number {
    return this.#size;
  }

  get(id: number): S | undefined {
    if (this.#size === 0) return undefined;
    return this.#slots[this.#find(id)];
  }

  /** Adds a stream that is not in it. */
  add(stream: S): void {
    if (this.#size * 2 >= this.#slots.length) this.#grow();
    this.#slots[this.#find(stream.id)] = stream;
    this.#size += 1;
  }

  /** Those after it move up, so that no gap hides them. */
  delete(id: number): void {
    if (this.#size === 0) return;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = this.#find(id);
    if (slots[gap] === undefined) return;
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at];
      if (stream === undefined) break;
      const fromHome = (at - this.#homeOf(stream.id)) & mask;
      if (fromHome >= ((at - gap) & mask)) {
        slots[gap] = stream;
        gap = at;
      }
    }
    slots[gap] = undefined;
    this.#size -= 1;
  }

  /** All of them as they are now, the oldest first. */
  values(): S[] {
    return this.#slots
      .filter((stream) => stream !== undefined)
      .sort((one, other) => one.id - other.id);
  }

  /** Where the stream is, or where it would go. */
  #find(id: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = this.#homeOf(id);
    for (;;) {
      const stream = slots[at];
      if (stream === undefined || stream.id === id) return at;
      at = (at + 1) & mask;
    }
  }

  #homeOf(id: number): number {
    return Math.imul(id >>> 1, spread) >>> this.#shift;
  }

  #grow(): void {
    const streams = this.values();
    const slots = Math.max(slotsMin, this.#slots.length * 2);
    this.#slots = new Array(slots).fill(undefined);
    this.#shift = 32 - Math.log2(slots);
    for (const stream of streams) this.#slots[this.#find(stream.id)] = stream;
  }
}
