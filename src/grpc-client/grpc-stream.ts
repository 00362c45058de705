/** A gRPC call of several messages: they go out and come in as bytes, each side at its own pace. */

import type { ClientStream } from "#http2/client-stream.ts";
import { Deframer } from "#protocol/envelope-reader.ts";
import type { Metadata } from "#protocol/metadata.ts";
import type { ActiveCall } from "./call.ts";
import { messageOf, notOneMessage, type ResponseReading } from "./response-message.ts";
import { errorOfResponse, metadataOf, refusalOfHead } from "./response-status.ts";

/** One call. Reading to the end, `cancel` and leaving an iteration each end it. */
export class GrpcStream implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #stream: ClientStream;
  readonly #call: ActiveCall;
  readonly #reading: ResponseReading;
  readonly #deframer: Deframer;
  #pieces: AsyncGenerator<Buffer> | undefined;
  #hasBody = false;
  #ended = false;
  #reason: { readonly thrown: unknown } | undefined;

  /** `call` is disposed of when the stream has ended. */
  constructor(stream: ClientStream, call: ActiveCall, reading: ResponseReading) {
    this.#stream = stream;
    this.#call = call;
    this.#reading = reading;
    this.#deframer = new Deframer(reading);
  }

  /** Metadata before the messages, once it has come. Rejects with GrpcError. */
  async header(): Promise<Metadata> {
    try {
      await this.#stream.responded();
    } catch (thrown) {
      throw this.#failed(thrown);
    }
    return metadataOf(this.#stream.fields);
  }

  /** Metadata after the messages; empty until they have ended. */
  get trailer(): Metadata {
    const { trailers, fields, remoteEnded } = this.#stream;
    // Without messages one block of fields may be all there is (Trailers-Only).
    const isTrailersOnly = remoteEnded && trailers.length === 0 && !this.#hasBody;
    return metadataOf(isTrailersOnly ? fields : trailers);
  }

  /**
   * Sends a message in its envelope; await it before the next. Resolves when there is room for more, with false
   * when the call is over: reading the response says how it ended.
   */
  async send(frame: Uint8Array): Promise<boolean> {
    const coded = this.#call.coded(frame);
    const bytes = coded instanceof Promise ? await coded : coded;
    if (this.#stream.closed) return false;
    try {
      await this.#stream.write(bytes);
      return true;
    } catch {
      return false;
    }
  }

  /** No more messages are sent. */
  closeSend(): void {
    this.#stream.end();
  }

  /** Breaks the call off; the server is notified at once. With a reason, reading throws it. */
  cancel(reason?: { readonly thrown: unknown }): void {
    this.#reason ??= reason;
    this.#stream.reset();
    this.#end();
  }

  /** The next message, done after the last of a call that ended well. Rejects with GrpcError. */
  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#reason !== undefined) throw this.#reason.thrown;
    if (this.#ended) return { value: undefined, done: true };
    try {
      this.#call.signal?.throwIfAborted();
      const envelope = this.#deframer.next() ?? (await this.#read());
      if (envelope === undefined) {
        this.#end();
        return { value: undefined, done: true };
      }
      const message = messageOf(envelope, this.#stream, this.#reading, this.#call.signal);
      return { value: message instanceof Promise ? await message : message, done: false };
    } catch (thrown) {
      throw this.#failed(thrown);
    }
  }

  /** The only message of a call that takes one back, once it has ended. Rejects with GrpcError. */
  async only(): Promise<Uint8Array> {
    const { value: message, done } = await this.next();
    if (done) throw notOneMessage("no message");
    const second = await this.next();
    if (second.done) return message;
    this.cancel();
    throw notOneMessage("more than one message");
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.cancel();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Reads until a message is whole; undefined when the call has ended well. */
  async #read() {
    this.#pieces ??= this.#stream.chunks(Number.POSITIVE_INFINITY, this.#deframer);
    for (;;) {
      const { value, done } = await this.#pieces.next();
      if (done) break;
      const refusal = refusalOfHead(this.#stream);
      if (refusal !== undefined) throw refusal;
      this.#hasBody = true;
      this.#deframer.push(value);
      const envelope = this.#deframer.next();
      if (envelope !== undefined) return envelope;
    }
    const error = errorOfResponse(this.#stream, this.#hasBody);
    if (error !== undefined) throw error;
    this.#deframer.end();
    return undefined;
  }

  #failed(thrown: unknown): unknown {
    if (this.#reason !== undefined) return this.#reason.thrown;
    const error = this.#call.errorOf(thrown);
    this.cancel();
    return error;
  }

  #end(): void {
    this.#ended = true;
    this.#call[Symbol.dispose]();
  }
}
