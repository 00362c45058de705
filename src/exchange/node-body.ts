/** The body of a request of node:http or node:http2: counted while it is held, and waited for with an end. */

import type { ConnectError } from "@connectrpc/connect";
import type { BodyProgress } from "#core/body-progress.ts";
import { ByteAccount } from "#core/byte-account.ts";
import type { ByteBudget } from "#core/byte-budget.ts";
import type { BodyRefusal } from "#http/body-refused.ts";
import { bodyRefused, bodyTooLarge, clientGone } from "./body-fault.ts";
import type { NodeRequest } from "./node-request.ts";

/** Time that a body which is read whole, or a message of one, may take to come, in milliseconds. */
const awaitedMsMax = 300_000;

/** One body. It has one reader. */
export class NodeBody {
  readonly #request: NodeRequest;
  readonly #account: ByteAccount;
  readonly #awaitedMsMax: number;
  /** Fails the reader; set while one waits. */
  #fail: ((error: unknown) => void) | undefined;
  /** What its reader gets in place of the rest. */
  #refusal: ConnectError | undefined;

  /** `owner`: address of whoever sends it. */
  constructor(
    request: NodeRequest,
    { buffers, owner }: { readonly buffers: ByteBudget; readonly owner: string },
    awaitedMs = awaitedMsMax,
  ) {
    this.#request = request;
    this.#awaitedMsMax = awaitedMs;
    this.#account = new ByteAccount(buffers, {
      owner,
      bytesMax: Number.POSITIVE_INFINITY,
      shed: () => this.#refuse("buffers_full"),
    });
  }

  /** Throws BODY_TOO_LARGE for a body that says that it is longer. */
  requireSize(bytesMax: number): void {
    const declared = Number(this.#request.headers["content-length"]);
    if (declared > bytesMax) throw bodyTooLarge(bytesMax);
  }

  /** As `Exchange.body`, but for what `requireSize` says; the bytes count as held until `close`. */
  async whole(bytesMax: number): Promise<Uint8Array> {
    const request = this.#request;
    if (request.destroyed) throw clientGone();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const pieces: Buffer[] = [];
    let seen = 0;
    const take = (piece: Buffer) => {
      seen += piece.length;
      pieces.push(piece);
      this.#hold(piece.length);
      if (seen > bytesMax) reject(bodyTooLarge(bytesMax));
    };
    this.#fail = reject;
    const late = this.#lateTimer();
    request.on("data", take).once("end", resolve).once("close", resolve);
    try {
      await promise;
    } finally {
      clearTimeout(late);
      this.#fail = undefined;
      // A body past its limit is left where it is, to be discarded after the response.
      request.off("data", take).off("end", resolve).off("close", resolve).pause();
    }
    this.#requireWhole();
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  }

  /** As `Exchange.chunks`, but for what `requireSize` says. */
  async *pieces(bytesMax: number, progress?: BodyProgress): AsyncGenerator<Uint8Array> {
    let seen = 0;
    let messages = 0;
    // A reader that stops early leaves the rest to be discarded after the response.
    const source = this.#request.iterator({ destroyOnReturn: false });
    let late: NodeJS.Timeout | undefined;
    try {
      for (;;) {
        const all = progress?.messages ?? messages + 1;
        if (all > messages || progress?.isBetween !== false) {
          clearTimeout(late);
          late = undefined;
        }
        if (all > messages) this.#account.release(this.#account.heldBytes);
        messages = all;
        if (progress?.isBetween === false) late ??= this.#lateTimer();
        const { value: piece, done } = await this.#next(source);
        if (done) break;
        seen += piece.length;
        if (seen > bytesMax) throw bodyTooLarge(bytesMax);
        this.#hold(piece.length);
        yield piece;
      }
      this.#requireWhole();
    } finally {
      clearTimeout(late);
      // It may wait for a piece that never comes.
      source.return?.()?.catch(() => {});
    }
  }

  /** The response is over: nothing is held any more. */
  close(): void {
    this.#account.close();
  }

  #hold(bytes: number): void {
    if (this.#refusal !== undefined) return;
    this.#account.add(bytes);
    this.#account.relieve();
  }

  /** The next piece, or what its reader fails with meanwhile. */
  async #next(source: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> {
    if (this.#refusal !== undefined) throw this.#refusal;
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<Buffer>>();
    this.#fail = reject;
    source.next().then(resolve, (error) => reject(clientGone(error)));
    try {
      return await promise;
    } finally {
      this.#fail = undefined;
    }
  }

  #lateTimer(): NodeJS.Timeout {
    return setTimeout(() => this.#refuse("late"), this.#awaitedMsMax).unref();
  }

  /** Fails the reader, now or when it asks for more: who has all of it would free nothing. */
  #refuse(reason: BodyRefusal): void {
    if (this.#refusal !== undefined || this.#request.complete) return;
    this.#refusal = bodyRefused(reason);
    this.#fail?.(this.#refusal);
    this.#account.release(this.#account.heldBytes);
  }

  /** Throws CANCELLED when a body was cut off. */
  #requireWhole(): void {
    const { complete, readableEnded } = this.#request;
    if (!(complete && readableEnded)) throw clientGone();
  }
}
