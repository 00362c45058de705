/** The last streams that closed, so that late frames are distinguished from wrong ones. Pure. */

/** How a stream closed: by both ends, by a reset of the peer's, or by one of this project. */
export type Closing = "ended" | "reset_by_peer" | "reset_by_us";

const getOrCreate = 128;

/** A bounded memory of identifiers; the oldest are forgotten. Looking one up is rare, and slow. */
export class ClosedStreams {
  #ids: number[] = [];
  #closings: Closing[] = [];
  #count = 0;

  /** Something was forgotten, so that an unknown identifier may well have been open. */
  get hasForgotten(): boolean {
    return this.#count > getOrCreate;
  }

  remember(id: number, closing: Closing): void {
    const slot = this.#count % getOrCreate;
    this.#ids[slot] = id;
    this.#closings[slot] = closing;
    this.#count += 1;
  }

  /** The latest closing of a stream: one that lingered closes twice. */
  find(id: number): Closing | undefined {
    for (let age = 1; age <= this.#ids.length; age += 1) {
      const slot = (this.#count - age) % getOrCreate;
      if (this.#ids[slot] === id) return this.#closings[slot];
    }
    return undefined;
  }
}
