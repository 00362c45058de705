/** The messages of a streaming call, from its first to its end, however it ends. */

import type { Message } from "@bufbuild/protobuf";
import type { StreamResponse } from "@connectrpc/connect";
import type { CallScope } from "./call-scope.ts";

/** What an interceptor put in the place of the call's own metadata goes to where the caller looks. */
export function adopt(from: Headers, to: Headers): void {
  if (from === to) return;
  for (const name of [...to.keys()]) to.delete(name);
  for (const [name, value] of from) to.append(name, value);
}

/** How the call of a stream is begun, and what its failures become. */
export interface CallStart {
  /** Runs interceptors and handler. */
  invoke(): Promise<StreamResponse>;
  /** The failure as observers and callers are told it. */
  translate(thrown: unknown): unknown;
}

const over: IteratorResult<Message> = { value: undefined, done: true };

/** The messages of one call. The call begins with the first that is asked for. */
export class CallMessages implements AsyncIterableIterator<Message> {
  readonly #start: CallStart;
  readonly #scope: CallScope;
  #response: StreamResponse | undefined;
  #inner: AsyncIterator<Message> | undefined;
  #unlink: (() => void) | undefined;
  #state: "open" | "done" | "failed" = "open";
  #failure: unknown;
  #isClosed = false;

  constructor(scope: CallScope, start: CallStart) {
    this.#scope = scope;
    this.#start = start;
  }

  /** One promise a message: this is the way of every message of every stream. */
  next(): Promise<IteratorResult<Message>> {
    if (this.#state === "done") return Promise.resolve(over);
    if (this.#state === "failed") return Promise.reject(this.#failure);
    const pulled = this.#inner === undefined ? this.#begin() : this.#inner.next();
    return this.#scope.within(pulled).then(this.#onResult, this.#onFailure);
  }

  async return(): Promise<IteratorResult<Message>> {
    this.#end("done", this.#start.translate(new DOMException("the client left", "AbortError")));
    await this.#close();
    return over;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #begin(): Promise<IteratorResult<Message>> {
    const { signal } = this.#scope;
    const leave = () => this.#fail(signal.reason);
    // Nobody need pull any more when the client has left or the deadline has passed.
    if (!signal.aborted) signal.addEventListener("abort", leave, { once: true });
    this.#unlink = () => signal.removeEventListener("abort", leave);
    this.#response = await this.#start.invoke();
    adopt(this.#response.header, this.#scope.responseHeader);
    this.#inner = (this.#response.message as AsyncIterable<Message>)[Symbol.asyncIterator]();
    const first = await this.#inner.next();
    this.#scope.lift();
    return first;
  }

  readonly #onResult = (result: IteratorResult<Message>): IteratorResult<Message> => {
    if (this.#state === "failed") throw this.#failure;
    if (result.done) {
      this.#isClosed = true;
      this.#end("done");
    }
    return result;
  };

  readonly #onFailure = (thrown: unknown): never => {
    this.#fail(thrown);
    // A handler still at work hears of it by its signal, and finds its iterator closed afterwards.
    this.#close()?.catch(() => {});
    throw this.#failure;
  };

  #fail(thrown: unknown): void {
    if (this.#state !== "open") return;
    this.#failure = this.#start.translate(thrown);
    this.#end("failed", this.#failure);
  }

  #end(state: "done" | "failed", failure?: unknown): void {
    if (this.#state !== "open") return;
    this.#state = state;
    this.#unlink?.();
    if (this.#response !== undefined) {
      adopt(this.#response.trailer, this.#scope.responseTrailer);
    }
    this.#scope.end(failure);
  }

  #close(): Promise<unknown> | undefined {
    if (this.#isClosed) return undefined;
    this.#isClosed = true;
    return this.#inner?.return?.();
  }
}
