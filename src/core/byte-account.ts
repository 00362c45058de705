/** The bytes that one holder, such as a connection, has of a budget that all share, within a bound of its own. */

import type { ByteBudget } from "./byte-budget.ts";
import type { ByteHolder, ByteHolders } from "./byte-holders.ts";

/** Whose account it is. */
export interface AccountOptions {
  /** Accounts of one owner, such as an address, are judged together when all hold too much. */
  readonly owner: string;
  /** Bound of its own. */
  readonly bytesMax: number;
  /** Gives up about `bytes`, the largest pieces first; `sparesLargest`: that one may stay. */
  readonly shed: (bytes: number, sparesLargest: boolean) => void;
}

/** An account. What it holds counts for the budget, too. */
export class ByteAccount implements ByteHolder {
  readonly owner: string;
  readonly bytesMax: number;
  heldBytes = 0;
  readonly #budget: ByteBudget;
  readonly #holders: ByteHolders;
  readonly #shed: AccountOptions["shed"];

  constructor(budget: ByteBudget, { owner, bytesMax, shed }: AccountOptions) {
    this.#budget = budget;
    this.#holders = budget.holders;
    this.owner = owner;
    this.bytesMax = bytesMax;
    this.#shed = shed;
    this.#holders.add(this);
  }

  /** All holders together hold more than they should: senders that can be paused are. */
  get isPressed(): boolean {
    return this.#budget.isExceeded;
  }

  /** Takes bytes that are in memory already. */
  add(bytes: number): void {
    this.heldBytes += bytes;
    this.#holders.heldBytes += bytes;
  }

  /** Gives bytes back. */
  release(bytes: number): void {
    this.heldBytes -= bytes;
    this.#holders.heldBytes -= bytes;
    this.#budget.serveWaiters();
  }

  shed(bytes: number): void {
    this.#shed(bytes, false);
  }

  /**
   * Makes room where a bound is exceeded: its own here, that of all wherever most is held. One
   * thing may be larger than the bound of one account.
   */
  relieve(): void {
    if (this.heldBytes > this.bytesMax) this.#shed(this.heldBytes - this.bytesMax, true);
    this.#holders.relieve();
  }

  /** It takes no more, and gives back what it has. */
  close(): void {
    this.#holders.delete(this);
    this.release(this.heldBytes);
  }
}
