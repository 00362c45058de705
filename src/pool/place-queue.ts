/** Calls that wait for a place in a pool, in the order of their turns: by level and arrival, none for ever. */

import { type Priority, priorities } from "#core/priority.ts";

/** How many calls may wait, and how long. */
export interface PlaceQueueOptions {
  readonly callsMax: number;
  readonly waitMs: number;
}

/**
 * How a wait ended: with a place, out of patience, left by its call, in favour of a call that matters
 * more where the queue was full, or without anybody to wait for.
 */
export type WaitEnd = "served" | "late" | "left" | "displaced" | "dismissed";

/** Who watches a queue; must not throw. */
export interface PlaceQueueWatch {
  /** One more call of a level waits, or one less. */
  onChange(priority: Priority, by: 1 | -1): void;
  /** A wait ended after so many milliseconds. */
  onEnd(end: WaitEnd, waitedMs: number): void;
  /** A call found as many waiting as may. */
  onFull(): void;
}

/** A place that is kept for one call. */
export interface Place {
  /** Gives the place to what `choose` claims, at once; the next in line gets what that leaves free. */
  use<T>(choose: () => T): T;
}

/** A call that waits. It may stand in the queues of several pools. */
export interface Waiter {
  readonly priority: Priority;
  readonly arrivedMs: number;
  /** Whether a place at this member is of any use to it. Must not change the queue. */
  accepts(queue: PlaceQueue, member: string): boolean;
  /** It has a place, and is in no queue any more. */
  serve(queue: PlaceQueue, place: Place): void;
  /** It was put out of this queue. */
  drop(queue: PlaceQueue, end: "displaced" | "dismissed"): void;
}

/**
 * When a call's turn comes: the earlier the sooner. Each level below the first counts as having come
 * `agingMs` later, so that a low call is overtaken by no higher one that comes later than that. Pure.
 */
export function turnMs(
  { arrivedMs, priority }: Pick<Waiter, "arrivedMs" | "priority">,
  agingMs: number,
): number {
  return arrivedMs + priorities.indexOf(priority) * agingMs;
}

/** A waiter's place in the line of its level. */
interface Entry {
  readonly waiter: Waiter;
  before: Entry | undefined;
  after: Entry | undefined;
}

/** Calls of one level, in the order of their arrival; who leaves is not searched for. */
class Line {
  first: Entry | undefined;
  last: Entry | undefined;

  add(waiter: Waiter): Entry {
    const entry = { waiter, before: this.last, after: undefined };
    if (this.last === undefined) this.first = entry;
    else this.last.after = entry;
    this.last = entry;
    return entry;
  }

  remove({ before, after }: Entry): void {
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.last = before;
    else after.before = before;
  }
}

/** What part of the longest wait each level counts as having come later. */
const agingShare = 0.25;

/** The calls that wait for a place in one pool. */
export class PlaceQueue {
  /** Name of the pool. */
  readonly pool: string;
  readonly waitMs: number;
  readonly #callsMax: number;
  readonly #agingMs: number;
  readonly #watch: PlaceQueueWatch | undefined;
  readonly #lines: Readonly<Record<Priority, Line>> = {
    high: new Line(),
    normal: new Line(),
    low: new Line(),
  };
  readonly #entries = new Map<Waiter, Entry>();

  constructor(pool: string, { callsMax, waitMs }: PlaceQueueOptions, watch?: PlaceQueueWatch) {
    this.pool = pool;
    this.waitMs = waitMs;
    this.#callsMax = callsMax;
    this.#agingMs = waitMs * agingShare;
    this.#watch = watch;
  }

  /** Calls that wait. */
  get length(): number {
    return this.#entries.size;
  }

  /**
   * Puts a call in line; false when as many wait as may. Then one that matters more takes the place of
   * the latest of those that matter least.
   */
  join(waiter: Waiter): boolean {
    const { priority } = waiter;
    if (this.length >= this.#callsMax) {
      const displaced = this.#latestBelow(priority);
      if (displaced === undefined) {
        this.#watch?.onFull();
        return false;
      }
      this.leave(displaced);
      displaced.drop(this, "displaced");
    }
    this.#entries.set(waiter, this.#lines[priority].add(waiter));
    this.#watch?.onChange(priority, 1);
    return true;
  }

  #latestBelow(priority: Priority): Waiter | undefined {
    const below = priorities.slice(priorities.indexOf(priority) + 1).toReversed();
    for (const level of below) {
      const { last } = this.#lines[level];
      if (last !== undefined) return last.waiter;
    }
    return undefined;
  }

  /** Takes a call out of line; false when it is not there. */
  leave(waiter: Waiter): boolean {
    const entry = this.#entries.get(waiter);
    if (entry === undefined) return false;
    this.#entries.delete(waiter);
    const { priority } = waiter;
    this.#lines[priority].remove(entry);
    this.#watch?.onChange(priority, -1);
    return true;
  }

  /** The call whose turn is first among those that a place at this member is of use to; it stays in line. */
  next(member: string): Waiter | undefined {
    let next: Waiter | undefined;
    let leastMs = Number.POSITIVE_INFINITY;
    for (const priority of priorities) {
      let entry = this.#lines[priority].first;
      while (entry !== undefined && !entry.waiter.accepts(this, member)) entry = entry.after;
      if (entry === undefined) continue;
      const ms = turnMs(entry.waiter, this.#agingMs);
      if (ms >= leastMs) continue;
      leastMs = ms;
      next = entry.waiter;
    }
    return next;
  }

  /** Lets all go: no place will come. */
  dismiss(): void {
    for (const waiter of [...this.#entries.keys()]) {
      if (this.leave(waiter)) waiter.drop(this, "dismissed");
    }
  }

  /** A wait that this queue is to report has ended. */
  ended(end: WaitEnd, waitedMs: number): void {
    this.#watch?.onEnd(end, waitedMs);
  }
}
