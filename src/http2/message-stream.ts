/** What both sides of a stream share: a body that comes in, and pieces that go out at the peer's pace. */

import type { BodyProgress, LengthFrom } from "#core/body-progress.ts";
import { type BodyRefusal, BodyRefusedError } from "#http/body-refused.ts";
import { BodyTooLargeError } from "#http/body-too-large.ts";
import { type BodySource, IncomingBody } from "#http/incoming-body.ts";
import type { Connection } from "./connection.ts";
import type { ErrorCode } from "./error-code.ts";
import type { Field } from "./field.ts";
import { type FieldList, Stream } from "./stream.ts";
import { StreamBrokenError } from "./stream-error.ts";

const noFields: FieldList = [];

function bytesOf(content: Uint8Array | string): Buffer {
  if (typeof content === "string") return Buffer.from(content);
  if (content instanceof Buffer) return content;
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}

function joinedValue(fields: readonly Field[], name: string): string | undefined {
  let found: string | undefined;
  for (const field of fields) {
    if (field.name !== name) continue;
    if (found === undefined) found = field.value;
    else found += (name === "cookie" ? "; " : ", ") + field.value;
  }
  return found;
}

/** A stream with a reader and a writer. */
export class MessageStream extends Stream implements BodySource {
  /** Bytes of our body so far. */
  bodyBytes = 0;
  /** Its owner works on it, so what comes in may have to wait. */
  dispatched = false;
  protected readonly connection: Connection<MessageStream>;
  readonly #body = new IncomingBody();
  #writer: PromiseWithResolvers<void> | undefined;

  constructor(id: number, connection: Connection<MessageStream>) {
    super(id);
    this.connection = connection;
  }

  /** Value of a field of the peer's head by lower-case name; several joined, cookies by "; ". */
  header(name: string): string | undefined {
    return joinedValue(this.fields, name);
  }

  /** Value of a field after the peer's body, once that is whole. */
  trailer(name: string): string | undefined {
    return joinedValue(this.trailers, name);
  }

  /** All fields of the peer's head in order, without pseudo fields. */
  *headers(): Generator<readonly [name: string, value: string]> {
    for (const { name, value } of this.fields) yield [name, value];
  }

  /** The whole body when it is here already: the way of small calls. It is taken once. */
  takeBody(): Buffer | undefined {
    const whole = this.#body.takeWhole();
    if (whole !== undefined && this.unreadBytes > 0) this.connection.keep(this, this.unreadBytes);
    return whole;
  }

  /**
   * The whole body; where its head says no length, its start may: `lengthFrom`. Rejects with
   * BodyTooLargeError, BodyRefusedError or StreamBrokenError.
   */
  body(bytesMax: number, lengthFrom?: LengthFrom): Promise<Buffer> {
    if (this.#promisesMoreThan(bytesMax)) this.#body.refuse(new BodyTooLargeError(bytesMax), this);
    if (this.bodyBytesLeft <= 0) return this.#body.read(bytesMax, this, bytesMax, lengthFrom);
    return this.#body.read(bytesMax, this, this.receivedBytes + this.bodyBytesLeft);
  }

  /**
   * The body in pieces; reading slowly slows the sender. A reader who keeps pieces until they make a
   * message tells its `progress`: they count as held until then, and the sender may rest between
   * messages only. Fails as `body` does.
   */
  chunks(bytesMax: number, progress?: BodyProgress): AsyncGenerator<Buffer> {
    if (this.#promisesMoreThan(bytesMax)) this.#body.refuse(new BodyTooLargeError(bytesMax), this);
    return this.#body.pieces(bytesMax, this, progress);
  }

  /** Fails the reader of the body. False when all of it is here, or it was refused already. */
  refuseBody(reason: BodyRefusal): boolean {
    return this.#body.refuse(new BodyRefusedError(reason), this);
  }

  /** A reader cannot go on until more of the body has come. */
  override get awaitsBody(): boolean {
    return this.#body.isAwaited;
  }

  /** Sends a piece, which must not change; false asks to wait, as `write` does. */
  push(piece: Uint8Array | string, end = false): boolean {
    if (this.closed || this.endQueued) return true;
    const bytes = bytesOf(piece);
    this.bodyBytes += bytes.length;
    return this.connection.data(this, bytes, end);
  }

  /**
   * Sends a piece. A promise resolves when there is room for the next; undefined when there is
   * already. Rejects with StreamBrokenError.
   */
  write(piece: Uint8Array | string): Promise<void> | undefined {
    if (this.closed && !this.localEnded) return Promise.reject(new StreamBrokenError(this));
    if (this.push(piece)) return undefined;
    this.#writer ??= Promise.withResolvers<void>();
    return this.#writer.promise;
  }

  /** Our message is whole; `trailers` follow it. */
  end(trailers: FieldList = noFields): void {
    if (trailers.length > 0) this.connection.trailers(this, trailers);
    else this.push("", true);
  }

  /** Breaks the stream off so that the peer sees it is not whole. */
  reset(code: ErrorCode): void {
    this.connection.reset(this, code);
  }

  /** A piece of the body has come: false when it is not kept. For the session alone, as all below. */
  received(piece: Buffer): boolean {
    // Small calls are over within the turn; what an owner already at work gets may have to wait.
    return this.#body.add(piece, this, this.dispatched);
  }

  /** The body is whole. */
  receivedAll(): void {
    this.#body.end();
  }

  /** The read that brought pieces is over; those that still wait may not hold on to it. */
  settle(): void {
    this.#body.settle();
  }

  /** There is room for the next piece. */
  writable(): void {
    this.#writer?.resolve();
    this.#writer = undefined;
  }

  /** The stream is over. */
  ended(): void {
    if (!this.remoteEnded) this.#body.break(this);
    if (this.localEnded) this.#writer?.resolve();
    else this.#writer?.reject(new StreamBrokenError(this));
    this.#writer = undefined;
  }

  kept(bytes: number): void {
    this.connection.keep(this, bytes);
  }

  dropped(bytes: number): void {
    this.connection.drop(this, bytes);
  }

  understood(messages: number, bytes: number): void {
    this.connection.understand(this, messages, bytes);
  }

  broken(): Error | undefined {
    return this.closed && !this.remoteEnded ? new StreamBrokenError(this) : undefined;
  }

  /** Whether the body is longer by its own content-length. */
  #promisesMoreThan(bytesMax: number): boolean {
    return this.bodyBytesLeft > 0 && this.receivedBytes + this.bodyBytesLeft > bytesMax;
  }
}
