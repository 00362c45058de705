/** Work of many connections that is done together at the end of a turn of the event loop. */

/** Who has work. */
export interface TurnWork {
  /** Called once for each time that it was added. */
  endTurn(): void;
}

/**
 * Answers of one turn are written one after the other at its end: a client that wakes for the first
 * finds the others there, and the processor changes hands less often.
 */
export class TurnQueue {
  #waiting: TurnWork[] = [];
  #spare: TurnWork[] = [];
  readonly #run = () => this.#endTurn();

  /** Adds one that is not waiting. */
  add(work: TurnWork): void {
    if (this.#waiting.push(work) === 1) setImmediate(this.#run);
  }

  #endTurn(): void {
    const works = this.#waiting;
    // What is added meanwhile has its turn after the others' input.
    this.#waiting = this.#spare;
    for (let index = 0; index < works.length; index += 1) {
      try {
        works[index]?.endTurn();
      } catch (thrown) {
        // A bug, told as any other that nobody catches; the others have their turn all the same.
        queueMicrotask(() => {
          throw thrown;
        });
      }
    }
    works.length = 0;
    this.#spare = works;
  }
}

/** The queue of all connections: a process has one event loop. */
export const turnQueue: TurnQueue = new TurnQueue();
