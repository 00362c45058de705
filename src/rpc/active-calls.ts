/** The handlers at work on all calls of a path, and how they are asked to stop. */

/** A handler at work that can be asked to stop. */
export interface Cancellable {
  /** Its place among those in progress, for them alone. */
  activeAt: number;
  /** Asks it to stop. */
  stop(reason: unknown): void;
}

/**
 * Handlers at work. Once they were cut off, whoever joins them is asked to stop at once. A list with
 * places, not a Set: the tables that a Set outgrows keep calls alive that are long over.
 */
export class ActiveCalls {
  readonly #handlers: Cancellable[] = [];
  #cutOff: { readonly reason: unknown } | undefined;
  #onIdle: (() => void) | undefined;
  #idle: Promise<void> | undefined;

  /** Adds a handler that is not in progress. */
  add(handler: Cancellable): void {
    if (this.#cutOff !== undefined) {
      handler.stop(this.#cutOff.reason);
      return;
    }
    handler.activeAt = this.#handlers.length;
    this.#handlers.push(handler);
  }

  /** Takes a handler off; one that is not in progress stays so. */
  delete(handler: Cancellable): void {
    const { activeAt: at } = handler;
    if (this.#handlers[at] !== handler) return;
    const last = this.#handlers.pop();
    if (last !== undefined && last !== handler) {
      last.activeAt = at;
      this.#handlers[at] = last;
    }
    if (this.#handlers.length === 0) this.#onIdle?.();
  }

  /** Resolves when no handler is at work, now or later. */
  idle(): Promise<void> {
    if (this.#handlers.length === 0) return Promise.resolve();
    this.#idle ??= new Promise((resolve) => {
      this.#onIdle = () => {
        this.#idle = this.#onIdle = undefined;
        resolve();
      };
    });
    return this.#idle;
  }

  /** What `work` settles to, or the reason to stop when that comes first. */
  within<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting: Cancellable = { activeAt: -1, stop: reject };
      this.add(waiting);
      work.then(resolve, reject).finally(() => this.delete(waiting));
    });
  }

  /** Asks all to stop, those included that are still to come. */
  cutOff(reason: unknown): void {
    this.#cutOff = { reason };
    for (const handler of [...this.#handlers]) handler.stop(reason);
  }
}
