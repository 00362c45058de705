/** gRPC calls to one server: messages go in as envelopes, which must not change, and come out as bytes. */

import type { Clock } from "#core/clock.ts";
import type { Rng } from "#core/rng.ts";
import { BodyTooLargeError } from "#http/body-too-large.ts";
import { Http2Client, type Http2ClientOptions } from "#http2/client.ts";
import type { ClientStream } from "#http2/client-stream.ts";
import { envelopeBytes, prefixBytes } from "#protocol/envelope.ts";
import { Deframer } from "#protocol/envelope-reader.ts";
import type { Metadata } from "#protocol/metadata.ts";
import { Repeats } from "./break-status.ts";
import { ActiveCall, type CallOptions } from "./call.ts";
import { GrpcError } from "./grpc-error.ts";
import { GrpcStream } from "./grpc-stream.ts";
import {
  messageOf,
  notOneMessage,
  type ResponseReading,
  responseReading,
  responseTooLarge,
} from "./response-message.ts";
import { errorOfResponse, metadataOf, refusalOfHead } from "./response-status.ts";

/** Where a channel calls, and how. */
export interface GrpcChannelOptions extends Http2ClientOptions {
  /** Largest message that is received, in bytes, decompressed. */
  readonly messageBytesMax: number;
}

/** A unary response. */
export interface GrpcResponse {
  readonly message: Uint8Array;
  /** Metadata before the message. */
  readonly header: Metadata;
  /** Metadata after it. */
  readonly trailer: Metadata;
}

/** A response whose metadata is made into objects when somebody looks. */
class UnaryResponse implements GrpcResponse {
  readonly message: Uint8Array;
  readonly #stream: ClientStream;

  constructor(stream: ClientStream, message: Uint8Array) {
    this.#stream = stream;
    this.message = message;
  }

  get header(): Metadata {
    return metadataOf(this.#stream.fields);
  }

  get trailer(): Metadata {
    return metadataOf(this.#stream.trailers);
  }
}

/** What a call failed with. Whatever of its response may still come is not taken. */
function failureOf(stream: ClientStream | undefined, thrown: unknown): unknown {
  if (stream === undefined || thrown instanceof GrpcError) return thrown;
  stream.reset();
  if (!(thrown instanceof BodyTooLargeError)) return thrown;
  return refusalOfHead(stream) ?? responseTooLarge(thrown);
}

/** A call for one message, as it is sent. */
interface Asked {
  readonly path: string;
  readonly call: ActiveCall;
  readonly body: Uint8Array;
  /** Made when the server has not looked at it. */
  repeats?: Repeats;
}

/** Whether it is sent again after it broke so. */
function repeats(asked: Asked, thrown: unknown): boolean {
  asked.repeats ??= new Repeats();
  return asked.repeats.allow(thrown);
}

/** Ends a call that failed. */
function failed(call: ActiveCall, thrown: unknown): Promise<never> {
  const error = call.errorOf(thrown);
  call[Symbol.dispose]();
  return Promise.reject(error);
}

/** Ends a call that was answered. */
function responded(stream: ClientStream, message: Uint8Array, call: ActiveCall): GrpcResponse {
  call[Symbol.dispose]();
  return new UnaryResponse(stream, message);
}

/**
 * A few connections to one server, made when they are needed. All calls reject with GrpcError. A
 * call that the server has not looked at is sent again (gRFC A6) where all of it is at hand.
 * Disposing of it breaks off what is in progress.
 */
export class GrpcChannel implements AsyncDisposable {
  readonly #client: Http2Client;
  readonly #reading: ResponseReading;
  readonly #clock: Clock;

  constructor(options: GrpcChannelOptions, clock: Clock, rng: Rng) {
    this.#client = new Http2Client(options, clock, rng);
    this.#reading = responseReading(options.messageBytesMax);
    this.#clock = clock;
  }

  /** One message, in its envelope, for one. `path` is like /package.Service/Method. */
  unary(path: string, frame: Uint8Array, options: CallOptions): Promise<GrpcResponse> {
    // No asynchronous function here and below, nor `using`: they cost more than all that is done for a call.
    let call: ActiveCall;
    try {
      call = new ActiveCall(options, this.#clock);
    } catch (thrown) {
      return Promise.reject(thrown);
    }
    const coded = call.coded(frame);
    if (!(coded instanceof Promise)) return this.#ask({ path, call, body: coded });
    return coded.then(
      (body) => this.#ask({ path, call, body }),
      (thrown: unknown) => failed(call, thrown),
    );
  }

  /** One message for one, as often as the server has not looked at it. */
  #ask(asked: Asked): Promise<GrpcResponse> {
    const { path, call, body } = asked;
    const notOpened = (thrown: unknown) =>
      repeats(asked, thrown) ? this.#ask(asked) : failed(call, thrown);
    try {
      const opened = this.#open(path, call, body);
      return opened instanceof Promise
        ? opened.then((stream) => this.#answer(stream, asked), notOpened)
        : this.#answer(opened, asked);
    } catch (thrown) {
      return notOpened(thrown);
    }
  }

  /** The response of a call that was sent. */
  #answer(stream: ClientStream, asked: Asked): Promise<GrpcResponse> {
    const { call } = asked;
    const broken = (thrown: unknown) => failed(call, failureOf(stream, thrown));
    return stream.body(this.#reading.messageBytesMax + prefixBytes, envelopeBytes).then(
      (body) => {
        try {
          const message = this.#messageOf(stream, body, call);
          if (message instanceof Promise) {
            return message.then((late) => responded(stream, late, call), broken);
          }
          return responded(stream, message, call);
        } catch (thrown) {
          return broken(thrown);
        }
      },
      (thrown: unknown) => (repeats(asked, thrown) ? this.#ask(asked) : broken(thrown)),
    );
  }

  /** One message, in its envelope, for several; resolves when the response has begun. */
  async serverStream(path: string, frame: Uint8Array, options: CallOptions): Promise<GrpcStream> {
    const call = new ActiveCall(options, this.#clock);
    try {
      const coded = call.coded(frame);
      const body = coded instanceof Promise ? await coded : coded;
      for (let repeats: Repeats | undefined; ; ) {
        try {
          const stream = await this.#open(path, call, body);
          await stream.responded();
          return new GrpcStream(stream, call, this.#reading);
        } catch (thrown) {
          repeats ??= new Repeats();
          if (!repeats.allow(thrown)) throw thrown;
        }
      }
    } catch (thrown) {
      call[Symbol.dispose]();
      throw call.errorOf(thrown);
    }
  }

  /** Messages both ways; resolves when they can be sent. */
  async stream(path: string, options: CallOptions): Promise<GrpcStream> {
    const call = new ActiveCall(options, this.#clock);
    try {
      const stream = await this.#open(path, call, undefined);
      return new GrpcStream(stream, call, this.#reading);
    } catch (thrown) {
      call[Symbol.dispose]();
      throw call.errorOf(thrown);
    }
  }

  /** Takes no more calls on its connections; they close after their last response. */
  drain(): void {
    this.#client.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  #open(
    path: string,
    { fields, signal, messageEnd }: ActiveCall,
    body: Uint8Array | undefined,
  ): ClientStream | Promise<ClientStream> {
    const request = {
      method: "POST",
      path,
      fields,
      ...(body === undefined ? {} : { body }),
      ...(messageEnd === undefined ? {} : { bodyEnd: messageEnd }),
      ...(signal === undefined ? {} : { signal }),
    };
    return this.#client.openNow(request) ?? this.#client.open(request);
  }

  /** The only message of a response. Throws GrpcError for one that failed, or has none or several. */
  #messageOf(
    stream: ClientStream,
    body: Buffer,
    call: ActiveCall,
  ): Uint8Array | Promise<Uint8Array> {
    const error = errorOfResponse(stream, body.length > 0);
    if (error !== undefined) throw error;
    const deframer = new Deframer(this.#reading);
    deframer.push(body);
    const envelope = deframer.next();
    if (envelope === undefined) {
      deframer.end();
      throw notOneMessage("no message");
    }
    if (body.length > prefixBytes + envelope.payload.length) {
      throw notOneMessage("more than one message");
    }
    return messageOf(envelope, stream, this.#reading, call.signal);
  }
}
