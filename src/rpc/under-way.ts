/** The handlers at work on all calls of a path, and how they are told to stop. */

/** A handler at work that can be told to stop. */
export interface Stoppable {
  /** Tells it to stop. */
  stop(reason: unknown): void;
}

/** Handlers at work. Once they were cut off, whoever joins them is told to stop at once. */
export class UnderWay {
  readonly #handlers = new Set<Stoppable>();
  #cutOff: { readonly reason: unknown } | undefined;

  add(handler: Stoppable): void {
    if (this.#cutOff === undefined) this.#handlers.add(handler);
    else handler.stop(this.#cutOff.reason);
  }

  delete(handler: Stoppable): void {
    this.#handlers.delete(handler);
  }

  /** Tells all to stop, those included that are still to come. */
  cutOff(reason: unknown): void {
    this.#cutOff = { reason };
    for (const handler of this.#handlers) handler.stop(reason);
  }
}
