/** The latest of what comes, numbered, bounded by number and by bytes. */

/** How much is kept. */
export interface RingOptions {
  /** Items; at least 1. */
  readonly countMax: number;
  /** Bytes of all of them, about. */
  readonly bytesMax: number;
}

/** What is kept; the oldest give way to the newest. */
export class Ring<T> {
  readonly #options: RingOptions;
  /** By number, round and round. */
  readonly #places: ({ readonly item: T; readonly bytes: number } | undefined)[];
  #first = 1;
  #next = 1;
  #bytes = 0;

  constructor(options: RingOptions) {
    this.#options = options;
    this.#places = new Array(options.countMax);
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
    this.#places[this.#next % countMax] = { item, bytes };
    this.#next += 1;
    this.#bytes += bytes;
    while (this.#bytes > bytesMax) this.#forgetFirst();
  }

  /** Those before the number `before`, newest first; all when it is absent. */
  *newestFirst(before = this.#next): Generator<T, void> {
    for (let at = Math.min(before, this.#next) - 1; at >= this.#first; at -= 1) {
      const place = this.#places[at % this.#options.countMax];
      if (place !== undefined) yield place.item;
    }
  }

  #forgetFirst(): void {
    const index = this.#first % this.#options.countMax;
    this.#bytes -= this.#places[index]?.bytes ?? 0;
    this.#places[index] = undefined;
    this.#first += 1;
  }
}
