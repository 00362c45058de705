/** The messages of a streaming call, from its first to its end, however it ends. */

import type { Message } from "@bufbuild/protobuf";
import type { StreamResponse } from "@connectrpc/connect";
import type { CallScope } from "./call-scope.ts";
import { NormalizedMessages } from "./handlers.ts";

/** What an interceptor put in the place of the call's own metadata goes to where the caller looks. */
export function adopt(from: Headers, to: Headers): void {
  if (from === to) return;
  for (const name of [...to.keys()]) to.delete(name);
  for (const [name, value] of from) to.append(name, value);
}

/** How the call of a stream is begun, and what its messages and failures become. */
export interface CallStart<T> {
  /** Runs interceptors and handler. */
  invoke(): Promise<StreamResponse>;
  /** The failure as observers and callers are given it. */
  translate(thrown: unknown): unknown;
  /** What is made of each message; a failure of it is the call's. */
  readonly encode: (message: Message) => T;
}

const over: IteratorResult<never> = { value: undefined, done: true };
const closed = Promise.resolve();

async function closing(messages: AsyncIterator<unknown>): Promise<void> {
  await messages.return?.();
}

/** The messages of one call. The call begins with the first that is asked for. */
export class CallMessages<T> implements AsyncIterableIterator<T> {
  readonly #start: CallStart<T>;
  readonly #scope: CallScope;
  #response: StreamResponse | undefined;
  #inner: AsyncIterator<unknown> | undefined;
  /** The handler's own iterator is pulled, so that its messages are still to be normalized. */
  #normalized: NormalizedMessages["normalized"] | undefined;
  #unlink: (() => void) | undefined;
  #state: "open" | "done" | "failed" = "open";
  #failure: unknown;
  /** The reader was notified of the failure. */
  #isTold = false;
  #closing: Promise<void> | undefined;

  constructor(scope: CallScope, start: CallStart<T>) {
    this.#scope = scope;
    this.#start = start;
  }

  /** One promise per message: this is the way of every message of every stream. */
  next(): Promise<IteratorResult<T>> {
    if (this.#state === "done") return Promise.resolve(over);
    if (this.#state === "failed") return Promise.resolve().then(this.#tell);
    return this.#scope.withinLimit(this.#pull()).then(this.#onResult, this.#onFailure);
  }

  async return(): Promise<IteratorResult<T>> {
    this.#end("done", this.#start.translate(new DOMException("the client left", "AbortError")));
    // Who knows of a failure need not wait for a handler that may never notice.
    if (!this.#isTold) await this.#close();
    return over;
  }

  /**
   * The reader wants no more: the call has ended well, whatever else would come, or with what it
   * could not read.
   */
  finish(thrown?: unknown): void {
    this.#end("done", thrown === undefined ? undefined : this.#start.translate(thrown));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #pull(): Promise<IteratorResult<unknown>> {
    if (this.#inner === undefined) return this.#begin();
    try {
      // An iterator that is no generator may give a result that is no promise, or throw.
      return Promise.resolve(this.#inner.next());
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }

  async #begin(): Promise<IteratorResult<unknown>> {
    const { signal } = this.#scope;
    const leave = () => this.#fail(signal.reason);
    const begun = this.#start.invoke();
    // No one need pull any more when the client has left or the deadline has passed.
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
    this.#unlink = () => signal.removeEventListener("abort", leave);
    this.#response = await begun;
    this.#read(this.#response.message);
    if (this.#state !== "open") {
      await this.#close();
      return over;
    }
    adopt(this.#response.header, this.#scope.responseHeader);
    const first = await this.#pull();
    this.#scope.lift();
    return first;
  }

  #read(messages: AsyncIterable<unknown>): void {
    if (messages instanceof NormalizedMessages) {
      // No interceptor looks at them, so that none needs a promise for them.
      this.#inner = messages.outputs;
      this.#normalized = messages.normalized;
    } else {
      this.#inner = messages[Symbol.asyncIterator]();
    }
  }

  readonly #onResult = (result: IteratorResult<unknown>): IteratorResult<T> => {
    try {
      if (result.done && this.#state === "open") {
        this.#closing = closed;
        this.#end("done");
      }
      if (this.#state === "failed") this.#tell();
      if (this.#state === "done") return over;
      const output = result.value as Message;
      const message = this.#normalized === undefined ? output : this.#normalized(output);
      return { value: this.#start.encode(message), done: false };
    } catch (thrown) {
      return this.#onFailure(thrown);
    }
  };

  readonly #onFailure = (thrown: unknown): never => {
    this.#fail(thrown);
    return this.#tell();
  };

  readonly #tell = (): never => {
    this.#isTold = true;
    throw this.#failure;
  };

  #fail(thrown: unknown): void {
    if (this.#state !== "open") return;
    this.#end("failed", this.#start.translate(thrown));
    // A handler still at work hears of it by its signal, and finds its iterator closed afterwards.
    this.#close().catch(() => {});
  }

  /** `failure` is for the observer, and for the caller of a call that failed. */
  #end(state: "done" | "failed", failure?: unknown): void {
    if (this.#state !== "open") return;
    this.#state = state;
    this.#failure = failure;
    this.#unlink?.();
    try {
      if (this.#response !== undefined) {
        adopt(this.#response.trailer, this.#scope.responseTrailer);
      }
    } catch (thrown) {
      // Trailers that cannot be sent; of a call that failed its first failure is reported.
      if (failure === undefined) {
        this.#state = "failed";
        this.#failure = this.#start.translate(thrown);
      }
    }
    this.#scope.end(this.#failure);
  }

  /** Lets the handler clean up, once; one that has yet to begin is closed when it would. */
  async #close(): Promise<void> {
    if (this.#inner === undefined) return;
    this.#closing ??= closing(this.#inner);
    await this.#closing;
  }
}
