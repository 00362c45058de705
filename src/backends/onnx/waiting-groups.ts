/** What waits for a worker, by groups that take turns: how many rows each has, and whose turn it is. */

import { FairShare } from "./fair-share.ts";

/** Something that waits. */
export interface Waiting {
  /** Name of its group. */
  readonly group: string;
  /** Rows, or one where they cannot be counted. */
  readonly weight: number;
}

/** A turn of a group at a worker, charged to it at once with what its last one took. */
export interface Turn<E> {
  /** What waits of the group, the oldest first. */
  readonly waiting: Iterable<E>;
  /** Says how long it took; only the first word counts. */
  settle(tookMs: number): void;
}

interface Group<E> {
  readonly waiting: Set<E>;
  rows: number;
}

/** Groups that have something that waits. */
export class WaitingGroups<E extends Waiting> {
  readonly #groups = new Map<string, Group<E>>();
  readonly #shares = new FairShare();

  /** Everything that waits; what is looked at may leave meanwhile. */
  *all(): Generator<E> {
    for (const { waiting } of this.#groups.values()) yield* waiting;
  }

  /** How many wait. */
  get size(): number {
    return this.#groups.values().reduce((count, { waiting }) => count + waiting.size, 0);
  }

  /** Rows that wait in a group. */
  rowsOf(group: string): number {
    return this.#groups.get(group)?.rows ?? 0;
  }

  add(entry: E): void {
    let group = this.#groups.get(entry.group);
    if (group === undefined) {
      group = { waiting: new Set(), rows: 0 };
      this.#groups.set(entry.group, group);
      this.#shares.enter(entry.group);
    }
    group.waiting.add(entry);
    group.rows += entry.weight;
  }

  /** Nothing happens when it does not wait. */
  remove(entry: E): void {
    const group = this.#groups.get(entry.group);
    if (group?.waiting.delete(entry) !== true) return;
    group.rows -= entry.weight;
    if (group.waiting.size === 0) this.#groups.delete(entry.group);
  }

  /** The turn of the group that has had least, of those with something that `can` be run. */
  next(can: (entry: E) => boolean): Turn<E> | undefined {
    const ready = this.#groups.entries().filter(([, { waiting }]) => waiting.values().some(can));
    const next = this.#shares.next(ready.map(([name]) => name));
    if (next === undefined) return undefined;
    const { group, chargedMs } = next;
    let isSettled = false;
    return {
      waiting: this.#groups.get(group)?.waiting ?? [],
      settle: (tookMs) => {
        if (!isSettled) this.#shares.settle(group, chargedMs, tookMs);
        isSettled = true;
      },
    };
  }
}
