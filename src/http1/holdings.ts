/** What the connections of a server hold in memory, against the process's budget: who has held longest gives way. */

import type { ByteBudget } from "#core/byte-budget.ts";

/** Who holds bytes. */
export interface Holder {
  /** What `update` was told last; for it alone. */
  heldBytes: number;
  /** Lets go of the bytes if it can, and reports what it holds then. */
  giveWay(): void;
}

/** What others hold takes no more than the rest of the budget: so much of it is safe from them. */
const ownShare = 1 / 8;

/** What holds less frees nothing that would be worth a failed call. */
const worthBytesMin = 16 * 1024;

/** The holders of one server, in the order in which they began to hold. */
export class Holdings {
  readonly buffers: ByteBudget;
  readonly #holders = new Set<Holder>();
  #heldBytes = 0;
  #isMakingRoom = false;

  constructor(buffers: ByteBudget) {
    this.buffers = buffers;
  }

  /** All that is held. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** A holder has `bytes` in memory now. */
  update(holder: Holder, bytes: number): void {
    const more = bytes - holder.heldBytes;
    if (more === 0) return;
    holder.heldBytes = bytes;
    this.#heldBytes += more;
    if (bytes === 0) this.#holders.delete(holder);
    else this.#holders.add(holder);
    if (more < 0) {
      this.buffers.release(-more);
      return;
    }
    this.buffers.add(more);
    if (this.buffers.isExceeded) this.#makeRoom();
  }

  /**
   * By age and not by progress, which a crumb now and then would show: to hold memory for long is
   * what costs others, and who is quick is never the oldest.
   */
  #makeRoom(): void {
    if (this.#isMakingRoom) return;
    this.#isMakingRoom = true;
    for (const holder of this.#holders) {
      const isSafe = this.#heldBytes <= this.buffers.bytesMax * ownShare;
      if (isSafe || !this.buffers.isExceeded) break;
      if (holder.heldBytes >= worthBytesMin) holder.giveWay();
    }
    this.#isMakingRoom = false;
  }
}
