/** The latest of what comes, numbered, bounded by number and by bytes. */

/** How much is kept. */
export interface RingOptions {
  /** Items; at least 1. */
  readonly countMax: number;
  /** Bytes of all of them, about. */
  readonly bytesMax: number;
}

/** What is kept; the oldest give way to the newest. */
export class Ring<T extends object> {
  readonly #options: RingOptions;
  /** By number, round and round. */
  readonly #items: (T | undefined)[];
  readonly #sizes: Float64Array;
  #first = 1;
  #next = 1;
  #bytes = 0;

  constructor(options: RingOptions) {
    this.#options = options;
    this.#items = new Array(options.countMax);
    this.#sizes = new Float64Array(options.countMax);
  }

  /** How many are kept. */
  get count(): number {
    return this.#next - this.#first;
  }

  /** Bytes of those that are kept, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The number that the next item has; they count up from 1. */
  get next(): number {
    return this.#next;
  }

  /** Takes an item of so many bytes. One that is larger than all the room is not kept. */
  add(item: T, bytes: number): void {
    const { countMax, bytesMax } = this.#options;
    if (this.count >= countMax) this.#forgetFirst();
    const index = this.#next % countMax;
    this.#items[index] = item;
    this.#sizes[index] = bytes;
    this.#next += 1;
    this.#bytes += bytes;
    while (this.#bytes > bytesMax) this.#forgetFirst();
  }

  /** All, newest first. */
  *newestFirst(): Generator<T, void> {
    for (let at = this.#next - 1; at >= this.#first; at -= 1) {
      const item = this.#items[at % this.#options.countMax];
      if (item !== undefined) yield item;
    }
  }

  #forgetFirst(): void {
    const index = this.#first % this.#options.countMax;
    this.#bytes -= this.#sizes[index] ?? 0;
    this.#items[index] = undefined;
    this.#first += 1;
  }
}
