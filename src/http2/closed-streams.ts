/** The last streams that closed, so that late frames are told from wrong ones. Pure. */

/** How a stream closed: by both ends, by a reset of the peer's, or by one of ours. */
export type Closing = "ended" | "reset_by_peer" | "reset_by_us";

const remembered = 128;

/** A bounded memory of identifiers; older ones are forgotten. */
export class ClosedStreams {
  readonly #closings = new Map<number, Closing>();
  /** Something was forgotten, so that an unknown identifier may well have been open. */
  hasForgotten = false;

  remember(id: number, closing: Closing): void {
    this.#closings.set(id, closing);
    if (this.#closings.size <= remembered) return;
    this.hasForgotten = true;
    for (const oldest of this.#closings.keys()) {
      this.#closings.delete(oldest);
      return;
    }
  }

  find(id: number): Closing | undefined {
    return this.#closings.get(id);
  }
}
