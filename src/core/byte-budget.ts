/** A bound on bytes that many holders share: who takes gives back, and who finds too few may wait in line. */

import { ByteHolders } from "./byte-holders.ts";

/** One who waits for bytes. */
interface Waiter {
  readonly bytes: number;
  /** Called once, with whether the bytes are the waiter's now. */
  readonly settle: (granted: boolean) => void;
}

/** Holders that may wait at one time; more are refused at once. */
const waitersMax = 1000;

/** What servers and clients hold in memory where their owner names no budget. */
export const bufferBytesMaxDefault = 512 * 1024 * 1024;

/** A count of bytes in memory with an upper bound. It allocates nothing itself. */
export class ByteBudget {
  readonly bytesMax: number;
  /** Those that can be made to give up bytes. */
  readonly holders: ByteHolders;
  /** What others than `holders` have. */
  #heldBytes = 0;
  /** In order of arrival; a Set, so that whoever gives up leaves without a search. */
  readonly #waiters = new Set<Waiter>();

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
    this.holders = new ByteHolders(this);
  }

  /** Bytes that are taken now. */
  get heldBytes(): number {
    return this.#heldBytes + this.holders.heldBytes;
  }

  /** More is held than there should be: holders that can pause their senders do. */
  get isExceeded(): boolean {
    return this.heldBytes > this.bytesMax;
  }

  /** Takes `bytes` when there are as many; else false, and nothing is taken. */
  take(bytes: number): boolean {
    if (this.heldBytes + bytes > this.bytesMax || this.#waiters.size > 0) return false;
    this.#heldBytes += bytes;
    return true;
  }

  /** Takes `bytes` that are in memory already, whether there is room or not. */
  add(bytes: number): void {
    this.#heldBytes += bytes;
  }

  /** Gives back `bytes` that were taken or added; whoever waits longest is served first. */
  release(bytes: number): void {
    this.#heldBytes -= bytes;
    this.serveWaiters();
  }

  /** Bytes were given back. */
  serveWaiters(): void {
    // Nearly always; looking for the first costs more than all else.
    if (this.#waiters.size === 0) return;
    for (const waiter of this.#waiters) {
      if (this.heldBytes + waiter.bytes > this.bytesMax) return;
      this.#waiters.delete(waiter);
      this.#heldBytes += waiter.bytes;
      waiter.settle(true);
    }
  }

  /**
   * Takes `bytes` as soon as there are as many. False when the signal aborts first, when too many
   * wait already, and at once when there can never be as many.
   */
  takeInTurn(bytes: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.take(bytes)) return Promise.resolve(true);
    if (bytes > this.bytesMax || this.#waiters.size >= waitersMax) return Promise.resolve(false);
    return new Promise((resolve) => {
      const giveUp = () => {
        this.#waiters.delete(waiter);
        resolve(false);
        // The one that left may have been first in line, and too large for what was free.
        this.serveWaiters();
      };
      const waiter: Waiter = {
        bytes,
        settle: (granted) => {
          signal.removeEventListener("abort", giveUp);
          resolve(granted);
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiters.add(waiter);
    });
  }
}
