/** Bounds the time for which input is taken in one turn of the event loop, on all connections together. */

/** Time that reads of one turn may take, in milliseconds; the read that exceeds it is the last. */
const turnMs = 5;

/** One turn after the other. It begins with its first read. */
export class InputTurn {
  #isOpen = false;
  #endsMs = 0;
  readonly #close = () => {
    this.#isOpen = false;
  };

  /**
   * Whether a read at `nowMs` comes when the turn's time is over. What has come is taken all the
   * same, but no more is read of that connection in this turn: others, and timers, go first.
   */
  isOver(nowMs: number): boolean {
    if (this.#isOpen) return nowMs >= this.#endsMs;
    this.#isOpen = true;
    this.#endsMs = nowMs + turnMs;
    setImmediate(this.#close);
    return false;
  }
}

/** The turn of all connections: a process has one event loop. */
export const inputTurn: InputTurn = new InputTurn();
