/** One call at the library's dispatcher: the head of its response, then the body, held back while no one takes it. */

import type { Dispatcher } from "undici";
import { onAbort } from "#core/on-abort.ts";
import { failureOf, type Under } from "./failure.ts";

/** Bytes of a body that wait to be taken before the other side is held back. */
const heldBytesMax = 64 * 1024;

/** The head of a response. */
export interface ReplyHead {
  readonly status: number;
  /** Names in lower case; several values joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
}

/** What the library has of them. */
type LibraryHeaders = Record<string, string | string[] | undefined>;

/** In place: nobody else has them. */
function joined(headers: LibraryHeaders): Record<string, string> {
  for (const name in headers) {
    const value = headers[name];
    if (Array.isArray(value)) headers[name] = value.join(", ");
  }
  return headers as Record<string, string>;
}

/**
 * The response to one call. As an iteration it is the body in pieces: each is all that came since the
 * one before. Leaving the iteration gives the response up.
 */
export class Reply implements Dispatcher.DispatchHandler, AsyncIterableIterator<Uint8Array> {
  /** Rejects when the call is not answered. */
  readonly head: Promise<ReplyHead>;
  readonly #under: Under;
  /** Called once, when the library is done with the call. */
  readonly #onDone: () => void;
  readonly #unfollow: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #settle: PromiseWithResolvers<ReplyHead> | undefined;
  #pieces: Uint8Array[] = [];
  #heldBytes = 0;
  /** Nothing more will come. */
  #isOver = false;
  #isDone = false;
  #failure: { readonly thrown: unknown } | undefined;
  /** Wakes who waits for the next piece. */
  #wake: (() => void) | undefined;

  constructor(under: Under, onDone: () => void) {
    this.#under = under;
    this.#onDone = onDone;
    this.#settle = Promise.withResolvers();
    this.head = this.#settle.promise;
    this.#unfollow = onAbort(under.signal, (reason) => this.#giveUp(reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure !== undefined) controller.abort(this.#failure.thrown as Error);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: LibraryHeaders,
  ): void {
    if (status < 200) return;
    this.#settle?.resolve({ status, headers: joined(headers) });
    this.#settle = undefined;
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Uint8Array): void {
    if (this.#isOver) return;
    this.#pieces.push(piece);
    this.#heldBytes += piece.length;
    if (this.#heldBytes >= heldBytesMax) controller.pause();
    this.#wake?.();
  }

  onResponseEnd(): void {
    this.#end();
    this.#done();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end(error);
    this.#done();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    while (this.#pieces.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    if (this.#under.signal.aborted) throw this.#under.signal.reason;
    const piece = this.#take();
    if (piece !== undefined) return { done: false, value: piece };
    if (this.#failure !== undefined) throw this.#failure.thrown;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#pieces = [];
    this.#giveUp(new Error("nobody reads the response"));
    return { done: true, value: undefined };
  }

  /** All of the body that was not taken, where its end is here, too. */
  takeWhole(): Uint8Array | undefined {
    const isWhole = this.#isOver && this.#failure === undefined && !this.#under.signal.aborted;
    return isWhole ? (this.#take() ?? new Uint8Array(0)) : undefined;
  }

  #take(): Uint8Array | undefined {
    const pieces = this.#pieces;
    if (pieces.length === 0) return undefined;
    this.#pieces = [];
    this.#heldBytes = 0;
    const controller = this.#controller;
    if (controller?.paused === true && !this.#isOver) controller.resume();
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  }

  #giveUp(reason: unknown): void {
    if (this.#isOver) return;
    this.#end(reason);
    this.#controller?.abort(reason as Error);
  }

  #end(thrown?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (thrown !== undefined) {
      const failure = failureOf(thrown, this.#under);
      this.#failure = { thrown: failure };
      this.#settle?.reject(failure);
      this.#settle = undefined;
    }
    this.#wake?.();
  }

  #done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#unfollow();
    this.#onDone();
  }
}
