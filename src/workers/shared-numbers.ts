/** Numbers that count up over all threads: what each keeps of calls has one order. */

const kinds = ["calls", "decisions"] as const;

/** What is numbered. */
type NumberedKind = (typeof kinds)[number];

/** The counters, in memory that all threads see. */
export class SharedNumbers {
  readonly buffer: SharedArrayBuffer;
  readonly #counters: BigInt64Array;

  /** Those of another thread, or new ones. */
  constructor(buffer = new SharedArrayBuffer(kinds.length * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#counters = new BigInt64Array(buffer);
  }

  /** The next number of a kind; the first is 1. */
  next(kind: NumberedKind): number {
    return Number(Atomics.add(this.#counters, kinds.indexOf(kind), 1n)) + 1;
  }
}
