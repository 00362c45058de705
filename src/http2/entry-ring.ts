/** The dynamic table of HPACK (RFC 7541 §2.3.2): a ring of fields, oldest out first. Pure. */

/** What the table needs to know of an entry. */
interface Entry {
  /** Name and value with HPACK's overhead. */
  readonly listBytes: number;
}

/** The size both sides begin with. */
export const tableBytesDefault = 4096;
const slotsAtFirst = 16;

/** A dynamic table. Empty ones hold no memory worth counting: most connections are idle. */
export class EntryRing<E extends Entry> {
  #slots: (E | undefined)[] = [];
  #oldest = 0;
  #count = 0;
  #bytes = 0;
  #bytesMax = tableBytesDefault;
  #insertions = 0;
  readonly #onEvict: ((entry: E) => void) | undefined;

  /** `onEvict` is notified of each entry that leaves. */
  constructor(onEvict?: (entry: E) => void) {
    this.#onEvict = onEvict;
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  /** Entries that were ever added. */
  get insertions(): number {
    return this.#insertions;
  }

  /** The entry that was added `age` entries ago: 0 is the newest. */
  at(age: number): E | undefined {
    if (age >= this.#count || age < 0) return undefined;
    return this.#slots[(this.#oldest + this.#count - 1 - age) & (this.#slots.length - 1)];
  }

  /** Adds an entry; one that is larger than the table empties it and is not kept. */
  add(entry: E): void {
    this.#insertions += 1;
    this.#evictTo(this.#bytesMax - entry.listBytes);
    if (entry.listBytes > this.#bytesMax) return;
    if (this.#count === this.#slots.length) this.#grow();
    this.#slots[(this.#oldest + this.#count) & (this.#slots.length - 1)] = entry;
    this.#count += 1;
    this.#bytes += entry.listBytes;
  }

  /** Sets the most bytes it may hold. */
  resize(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    this.#evictTo(bytesMax);
  }

  #evictTo(bytes: number): void {
    while (this.#count > 0 && this.#bytes > bytes) {
      const entry = this.#slots[this.#oldest];
      this.#slots[this.#oldest] = undefined;
      this.#oldest = (this.#oldest + 1) & (this.#slots.length - 1);
      this.#count -= 1;
      if (entry === undefined) continue;
      this.#bytes -= entry.listBytes;
      this.#onEvict?.(entry);
    }
  }

  /** Doubles the slots, which stay a power of two, and puts the oldest entry first. */
  #grow(): void {
    const slots: (E | undefined)[] = [];
    for (let age = this.#count - 1; age >= 0; age -= 1) slots.push(this.at(age));
    const length = Math.max(slotsAtFirst, 2 * this.#count);
    while (slots.length < length) slots.push(undefined);
    this.#slots = slots;
    this.#oldest = 0;
  }
}
