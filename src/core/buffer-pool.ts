/** Pooled memory: handed out in views, one after the other, and used again once all of them were given back. */

/** A piece of memory; everything before `at` is lent, or was. */
export interface Slab {
  readonly bytes: Buffer;
  at: number;
}

/** A slab and the count of its views that are not given back. */
interface LentSlab extends Slab {
  lent: number;
  readonly lender: BufferPool;
}

/** A view that is not given back. */
interface Loan {
  readonly slab: LentSlab;
  isTaken: boolean;
}

/**
 * Bytes of slabs that wait for use; more are left to the garbage collector. What busy sockets hold
 * comes back at once.
 */
const idleBytesMax = 4 << 20;
const loans = new WeakMap<Buffer, Loan>();

/**
 * Slabs of one size. Memory that was used a moment ago is still in the processor's cache: to use it
 * again costs a third of taking new memory each time. A view that never comes back costs nothing
 * but that; its slab goes with it.
 */
export class BufferPool {
  readonly #slabBytes: number;
  readonly #idle: LentSlab[] = [];
  #current: LentSlab | undefined;

  constructor(slabBytes: number) {
    this.#slabBytes = slabBytes;
  }

  /** A slab with `count` bytes after `at`, which are the caller's until it lends them or lets them be. */
  withRoom(count: number): Slab {
    const current = this.#current;
    if (current !== undefined && current.bytes.length - current.at >= count) return current;
    const bytes = () => Buffer.allocUnsafeSlow(this.#slabBytes);
    this.#current = this.#idle.pop() ?? { bytes: bytes(), at: 0, lent: 0, lender: this };
    return this.#current;
  }

  /** Lends what lies between `start` and `end` of the slab that `withRoom` gave last. */
  lend(start: number, end: number): Buffer {
    const slab = this.#current;
    if (slab === undefined) throw new Error("nothing can be handed out before there is room");
    const view = slab.bytes.subarray(start, end);
    slab.at = end;
    slab.lent += 1;
    loans.set(view, { slab, isTaken: false });
    return view;
  }

  /** For `giveBack`. */
  reuse(slab: LentSlab): void {
    slab.at = 0;
    const isNeeded = slab !== this.#current && this.#idle.length < idleBytesMax / this.#slabBytes;
    if (isNeeded) this.#idle.push(slab);
  }
}

/** Whether a buffer is a view that is to be given back. */
export function isLent(view: Buffer): boolean {
  return loans.has(view);
}

/**
 * Takes ownership of a pooled buffer: whoever calls this recycles it. One that is taken over twice is not
 * lent any more: neither of the two could know when the other has read it, so its slab is not used
 * again.
 */
export function retain(view: Buffer): void {
  const loan = loans.get(view);
  if (loan === undefined) return;
  if (loan.isTaken) loans.delete(view);
  else loan.isTaken = true;
}

/** Gives a view back, which no one may read any more. Any other buffer is let be. */
export function giveBack(view: Buffer): void {
  const loan = loans.get(view);
  if (loan === undefined) return;
  loans.delete(view);
  const { slab } = loan;
  slab.lent -= 1;
  if (slab.lent === 0) slab.lender.reuse(slab);
}
