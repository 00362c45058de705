/** The last response of each lane of a connection, so that its next turn need only say what is new. */

import type { ByteBudget } from "#core/byte-budget.ts";

/** A response that may be gone on from. */
interface KeptResponse {
  readonly id: string;
  /** All that was said up to it and in it: elements of a JSON array. */
  readonly items: string;
  readonly bytes: number;
}

/** What a chain may hold. */
export interface ChainBounds {
  /** Bytes of one response and all that was said before it. */
  readonly itemsBytesMax: number;
  /** Shared by all connections. */
  readonly held: ByteBudget;
}

/** Elements of JSON arrays that follow each other; empty ones leave no comma. */
export function joinedItems(...items: readonly string[]): string {
  return items.filter((some) => some !== "").join(",");
}

/** Kept responses: one for each lane, whatever is bounded left out. Disposing of it forgets all. */
export class ResponseChain implements Disposable {
  readonly #bounds: ChainBounds;
  readonly #byLane = new Map<string, KeptResponse>();
  #isOver = false;

  constructor(bounds: ChainBounds) {
    this.#bounds = bounds;
  }

  /** What was said up to a response; undefined when it is not kept, or no longer. A lane may go on from that of another. */
  itemsOf(id: string): string | undefined {
    for (const kept of this.#byLane.values()) if (kept.id === id) return kept.items;
    return undefined;
  }

  /** Keeps a response in the place of the one that its lane had, where there is room for it. */
  keep(lane: string, id: string, items: string): void {
    this.#forget(lane);
    const bytes = Buffer.byteLength(items);
    const { itemsBytesMax, held } = this.#bounds;
    if (this.#isOver || bytes > itemsBytesMax || !held.take(bytes)) return;
    this.#byLane.set(lane, { id, items, bytes });
  }

  /** A turn of this lane failed to go on from the response: nothing else will. Those of other lanes stay. */
  evict(lane: string, id: string): void {
    if (this.#byLane.get(lane)?.id === id) this.#forget(lane);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const lane of [...this.#byLane.keys()]) this.#forget(lane);
  }

  #forget(lane: string): void {
    const kept = this.#byLane.get(lane);
    if (kept === undefined) return;
    this.#byLane.delete(lane);
    this.#bounds.held.release(kept.bytes);
  }
}
