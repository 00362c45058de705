/** The messages of a streaming call, from its first to its end, however it ends. */

import type { Message } from "@bufbuild/protobuf";
import type { StreamResponse } from "@connectrpc/connect";
import { abortable } from "#core/abortable.ts";
import type { CallScope } from "./call-scope.ts";

/** What an interceptor put in the place of the call's own metadata goes to where the caller looks. */
export function adopt(from: Headers, to: Headers): void {
  if (from === to) return;
  for (const name of [...to.keys()]) to.delete(name);
  for (const [name, value] of from) to.append(name, value);
}

/** The messages of one call. The call begins with the first that is asked for. */
export class CallMessages implements AsyncIterableIterator<Message> {
  readonly #invoke: () => Promise<StreamResponse>;
  readonly #scope: CallScope;
  #response: StreamResponse | undefined;
  #inner: AsyncIterator<Message> | undefined;
  #ended = false;

  constructor(scope: CallScope, invoke: () => Promise<StreamResponse>) {
    this.#scope = scope;
    this.#invoke = invoke;
  }

  async next(): Promise<IteratorResult<Message>> {
    if (this.#ended) return { value: undefined, done: true };
    try {
      const pulled = this.#inner === undefined ? this.#begin() : this.#inner.next();
      const result = await (this.#scope.hasDeadline
        ? abortable(pulled, this.#scope.signal)
        : pulled);
      if (result.done) this.#end();
      return result;
    } catch (thrown) {
      this.#end();
      // A handler still at work hears of it by its signal, and finds its iterator closed afterwards.
      this.#inner?.return?.()?.catch(() => {});
      throw thrown;
    }
  }

  async return(): Promise<IteratorResult<Message>> {
    if (!this.#ended) {
      this.#end();
      await this.#inner?.return?.();
    }
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #begin(): Promise<IteratorResult<Message>> {
    this.#response = await this.#invoke();
    adopt(this.#response.header, this.#scope.responseHeader);
    this.#inner = (this.#response.message as AsyncIterable<Message>)[Symbol.asyncIterator]();
    return this.#inner.next();
  }

  #end(): void {
    this.#ended = true;
    if (this.#response !== undefined) {
      adopt(this.#response.trailer, this.#scope.responseTrailer);
    }
    this.#scope[Symbol.dispose]();
  }
}
