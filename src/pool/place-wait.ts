/** Waiting for a place in any of several pools: until one is free, as long as there is time and somebody wants it. */

import type { Clock, Timer } from "#core/clock.ts";
import { onAbort } from "#core/on-abort.ts";
import type { Priority } from "#core/priority.ts";
import type { Place, PlaceQueue, WaitEnd, Waiter } from "./place-queue.ts";

/** A call that looks for a place. */
export interface PlaceAsk {
  readonly priority: Priority;
  /** Aborts when the call is over, or its deadline passes. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Longest wait in milliseconds, whatever the queues allow; absent: no bound of its own. */
  readonly patienceMs?: number | undefined;
  /** Whether a place at this member of a pool is of use to it. */
  accepts(pool: string, member: string): boolean;
}

/** What a wait came to: a place where it was served. */
type Ended =
  | { readonly end: "served"; readonly place: Place }
  | { readonly end: Exclude<WaitEnd, "served"> };

/** What a call that looked for a place came to; full: it could not even wait. */
export type Waited = Ended | { readonly end: "full" };

/** Waits in all of the queues that have room; resolves once, and never rejects. */
export function waitForPlace(queues: readonly PlaceQueue[], ask: PlaceAsk): Promise<Waited> {
  return new Promise((resolve) => new Waiting(queues, ask, resolve));
}

/** One call in line. */
class Waiting implements Waiter {
  readonly priority: Priority;
  readonly arrivedMs: number;
  readonly #ask: PlaceAsk;
  readonly #resolve: (waited: Waited) => void;
  readonly #queues: Set<PlaceQueue>;
  /** The queue that reports the wait, unless another one serves. */
  readonly #first: PlaceQueue | undefined;
  #timer: Timer | undefined;
  #unfollow = () => {};

  constructor(queues: readonly PlaceQueue[], ask: PlaceAsk, resolve: (waited: Waited) => void) {
    const { priority, clock, signal, patienceMs: ownMs = Number.POSITIVE_INFINITY } = ask;
    this.priority = priority;
    this.arrivedMs = clock.nowMs();
    this.#ask = ask;
    this.#resolve = resolve;
    this.#queues = new Set(signal.aborted ? [] : queues.filter((queue) => queue.join(this)));
    const joined = [...this.#queues];
    this.#first = joined[0];
    if (joined.length === 0) {
      resolve({ end: signal.aborted ? "left" : "full" });
      return;
    }
    const patienceMs = Math.min(ownMs, Math.max(...joined.map(({ waitMs }) => waitMs)));
    this.#timer = clock.timer(patienceMs, late, this);
    this.#unfollow = onAbort(signal, () => this.end({ end: "left" }));
  }

  accepts({ pool }: PlaceQueue, member: string): boolean {
    return this.#ask.accepts(pool, member);
  }

  serve(queue: PlaceQueue, place: Place): void {
    this.end({ end: "served", place }, queue);
  }

  drop(queue: PlaceQueue, end: "displaced" | "dismissed"): void {
    this.#queues.delete(queue);
    if (this.#queues.size === 0) this.end({ end }, queue);
  }

  /** Leaves all queues; `queue` is the one that reports it. */
  end(ended: Ended, queue = this.#first): void {
    const { clock } = this.#ask;
    for (const joined of this.#queues) joined.leave(this);
    this.#queues.clear();
    if (this.#timer !== undefined) clock.stop(this.#timer);
    this.#unfollow();
    queue?.ended(ended.end, clock.nowMs() - this.arrivedMs);
    this.#resolve(ended);
  }
}

function late(waiting: Waiting): void {
  waiting.end({ end: "late" });
}
