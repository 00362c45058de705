/** Work of many connections that is done together at the end of a turn of the event loop. */

import { type Clock, systemClock } from "#core/clock.ts";

/** Who has work. */
export interface TurnWork {
  /** Called once for each time that it was added. */
  endTurn(): void;
}

/** Time that the works of one turn may take, in milliseconds; the others wait for a later one. */
const endMs = 5;
/** Works after which the time is looked at. */
const looksAfter = 2;

/**
 * Responses of one turn are written one after the other at its end: a client that wakes for the first
 * finds the others there, and the processor changes hands less often.
 */
export class TurnQueue {
  #waiting: TurnWork[] = [];
  #spare: TurnWork[] = [];
  /** Those for which there was no time in their turn, and those that let others go first. */
  #late: TurnWork[] = [];
  #isScheduled = false;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #run = () => this.#endTurn();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** Adds one that is not waiting. */
  add(work: TurnWork): void {
    this.#waiting.push(work);
    this.#schedule();
  }

  /**
   * Adds one that is not waiting, for work that others need not wait for: they all go first, and it
   * has what time is left in this turn, or in a later one.
   */
  addLate(work: TurnWork): void {
    this.#late.push(work);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#run);
  }

  #endTurn(): void {
    this.#isScheduled = false;
    const works = this.#waiting;
    // What is added meanwhile has its turn after the others' input.
    this.#waiting = this.#spare;
    const endsMs = this.#clock.nowMs() + endMs;
    const done = this.#do(works, endsMs);
    if (this.#late.length > 0 || done < works.length) this.#doLate(works.splice(done), endsMs);
    works.length = 0;
    this.#spare = works;
  }

  /**
   * A crowd that comes at once must not keep others waiting: works of this turn go first, and each
   * turn does some of the late ones.
   */
  #doLate(later: readonly TurnWork[], endsMs: number): void {
    const late = this.#late;
    this.#late = [];
    const done = this.#do(late, endsMs);
    const added = this.#late;
    this.#late = late.slice(done);
    for (const work of later) this.#late.push(work);
    for (const work of added) this.#late.push(work);
    if (this.#late.length > 0) this.#schedule();
  }

  /** Does works until there is no time left, but some at least; returns how many. */
  #do(works: readonly TurnWork[], endsMs: number): number {
    for (let index = 0; index < works.length; index += 1) {
      const isLook = index % looksAfter === 0 && index > 0;
      if (isLook && this.#clock.nowMs() >= endsMs) return index;
      try {
        works[index]?.endTurn();
      } catch (thrown) {
        // A bug, reported as any other that no one catches; the others have their turn all the same.
        queueMicrotask(() => {
          throw thrown;
        });
      }
    }
    return works.length;
  }
}

/** The queue of all connections: a process has one event loop. */
export const turnQueue: TurnQueue = new TurnQueue(systemClock);
