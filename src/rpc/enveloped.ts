/** Serves the protocols that put messages into envelopes: one message for one, or streams of them. */

import type { Message } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { infoMetadataOf, reasonOf } from "#errors/fault.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { messageTooLarge } from "#protocol/compression.ts";
import {
  coded,
  type Envelope,
  envelopeBytes,
  isCompressed,
  onlyEnvelope,
  prefixBytes,
  sealed,
} from "#protocol/envelope.ts";
import { Deframer, EnvelopeReader } from "#protocol/envelope-reader.ts";
import { base64CharsMax, fromBase64, fromBase64Pieces } from "./base64.ts";
import type { Codec } from "./codec.ts";
import { type EnvelopedProtocol, EnvelopedResponse } from "./enveloped-response.ts";
import { ExchangeCall } from "./exchange-call.ts";
import { admitted, inTime, received } from "./intake.ts";
import {
  type Decompressing,
  decompressedMessage,
  type MessageReading,
  messagesFrom,
  plainMessage,
} from "./message-reading.ts";
import {
  type ProtocolHandlerOptions,
  type RpcRequest,
  requestCodingOf,
  timeoutMsOf,
  wireError,
  written,
} from "./protocol-handler.ts";

/** A request on its way to its response. */
interface Turn {
  readonly request: RpcRequest;
  readonly call: ExchangeCall;
  readonly answer: EnvelopedResponse;
}

/** The handler of one enveloped protocol. */
export class EnvelopedHandler {
  readonly #protocol: EnvelopedProtocol;
  readonly #options: ProtocolHandlerOptions;
  readonly #bodyBytesMax: number;

  constructor(protocol: EnvelopedProtocol, options: ProtocolHandlerOptions) {
    this.#protocol = protocol;
    this.#options = options;
    const bytesMax = options.readBytesMax + prefixBytes;
    this.#bodyBytesMax = protocol.isText ? base64CharsMax(bytesMax) : bytesMax;
  }

  /** Responds to a POST. Rejects only when the response cannot be written. */
  serve(request: RpcRequest): Promise<void> {
    const { calls } = this.#options;
    const { exchange, values, procedure } = request;
    const call = new ExchangeCall(exchange, values, this.#protocol.name, this.#options);
    const answer = new EnvelopedResponse(this.#protocol, request, call, this.#options);
    const turn = { request, call, answer };
    // Not an asynchronous function, nor are those below: each would cost every call.
    try {
      const head = admitted(calls, procedure.method, call, () => this.#readingOf(request, call));
      if (!(head instanceof Promise)) return this.#begin(turn, head);
      return head.then(
        (late) => this.#begin(turn, late),
        (thrown: unknown) => this.#failed(turn, thrown),
      );
    } catch (thrown) {
      return this.#failed(turn, thrown);
    }
  }

  /** Reads what may be read, and responds to it. */
  #begin(turn: Turn, reading: MessageReading): Promise<void> {
    const { calls } = this.#options;
    const { request, call, answer } = turn;
    const { method } = request.procedure;
    const failed = (thrown: unknown) => this.#failed(turn, thrown);
    if (method.methodKind !== "unary") {
      return this.#stream(turn, reading).then(() => call.release(), failed);
    }
    const encode = (answered: Message) => this.#framed(answered, reading.codec, answer);
    try {
      const read = received(calls, method, call, () => this.#only(request.exchange, reading, call));
      const answered =
        read instanceof Promise
          ? read.then((input) => calls.unary(method, input, call, encode))
          : calls.unary(method, read, call, encode);
      return answered.then(({ message }) => this.#whole(turn, message), failed);
    } catch (thrown) {
      return failed(thrown);
    }
  }

  /** Sends the one message of a response. */
  #whole(turn: Turn, framed: Uint8Array | Promise<Uint8Array>): Promise<void> | undefined {
    const { call, answer } = turn;
    if (framed instanceof Promise) {
      return framed.then(
        (late) => this.#whole(turn, late),
        (thrown: unknown) => this.#failed(turn, thrown),
      );
    }
    try {
      answer.whole(framed);
    } catch (thrown) {
      return this.#failed(turn, thrown);
    }
    call.release();
    return undefined;
  }

  /** Says what went wrong. */
  async #failed({ call, answer }: Turn, thrown: unknown): Promise<void> {
    try {
      await answer.end(wireError(thrown, this.#options));
    } finally {
      call.release();
    }
  }

  /** The one message of a body, at once when it is here. */
  #only(
    exchange: Exchange,
    reading: MessageReading,
    call: ExchangeCall,
  ): Message | Promise<Message> {
    const decode = (body: Uint8Array) => {
      const bytes = this.#protocol.isText ? fromBase64(body) : body;
      if (bytes !== body) call.hold(bytes.length);
      return this.#read(onlyEnvelope(bytes, reading), reading, call);
    };
    const whole = this.#bodyOf(exchange, call);
    return whole instanceof Promise ? whole.then(decode) : decode(whole);
  }

  /** The message of an envelope, within the call's time where it takes some. */
  #read(
    envelope: Envelope,
    reading: MessageReading,
    call: ExchangeCall,
  ): Message | Promise<Message> {
    const { calls } = this.#options;
    if (isCompressed(envelope)) {
      return inTime(calls, call, (source) =>
        decompressedMessage(envelope, reading, this.#decompressing(call, source)),
      );
    }
    const read = plainMessage(envelope, reading);
    return read instanceof Promise ? inTime(calls, call, () => read) : read;
  }

  /** How the messages are to be read; the deadline goes into `call`. */
  #readingOf({ exchange, procedure, type }: RpcRequest, call: ExchangeCall): MessageReading {
    const { malformedCode, timeout, encodingField } = this.#protocol;
    const timeoutMs = timeoutMsOf(exchange, timeout, malformedCode);
    if (timeoutMs !== undefined) call.timeoutMs = timeoutMs;
    return {
      codec: procedure.codecs[type.format],
      coding: requestCodingOf(exchange.header(encodingField), encodingField),
      messageBytesMax: this.#options.readBytesMax,
      malformedCode,
    };
  }

  /** The whole body, at once when it is here. */
  #bodyOf(exchange: Exchange, call: ExchangeCall): Uint8Array | Promise<Uint8Array> {
    const { calls } = this.#options;
    const bytesMax = this.#bodyBytesMax;
    try {
      const whole = exchange.takeBody(bytesMax);
      if (whole !== undefined) return whole;
    } catch (thrown) {
      throw this.#asMessage(thrown);
    }
    const lengthFrom = this.#protocol.isText ? undefined : envelopeBytes;
    const read = inTime(calls, call, () => exchange.body(bytesMax, lengthFrom));
    return read.catch((thrown): never => {
      throw this.#asMessage(thrown);
    });
  }

  /** A body over the limit is a message over it, whose limit knows neither envelope nor base64. */
  #asMessage(thrown: unknown): unknown {
    const isTooLarge = thrown instanceof ConnectError && reasonOf(thrown) === "BODY_TOO_LARGE";
    if (!isTooLarge) return thrown;
    const own = String(this.#bodyBytesMax);
    // One that was over a lower limit than its own says which.
    const { limit_bytes: limit = own } = infoMetadataOf(thrown);
    return limit === own ? messageTooLarge(this.#options.readBytesMax) : thrown;
  }

  #decompressing({ held }: ExchangeCall, source: Decompressing["source"]): Decompressing {
    return { decompressor: this.#options.decompressor, source, held };
  }

  /** A message as it is sent. Throws BODY_TOO_LARGE. */
  #framed(
    message: Message,
    codec: Codec,
    { coding, poolable }: EnvelopedResponse,
  ): Uint8Array | Promise<Uint8Array> {
    const { compressBytesMin, sendBytesMax: bytesMax } = this.#options;
    const bytes = written(codec, message, { headroomBytes: prefixBytes, bytesMax, poolable });
    return coded(sealed(0, bytes), coding, compressBytesMin);
  }

  async #stream({ request, call, answer }: Turn, reading: MessageReading): Promise<void> {
    const { calls } = this.#options;
    const { exchange, procedure } = request;
    const deframer = new Deframer(reading);
    const chunks = exchange.chunks(Number.POSITIVE_INFINITY, deframer);
    const pieces = this.#protocol.isText ? fromBase64Pieces(chunks) : chunks;
    const envelopes = new EnvelopeReader(pieces, deframer);
    const input = messagesFrom(envelopes, reading, this.#decompressing(call, call));
    const encode = (message: Message) => this.#framed(message, reading.codec, answer);
    const { messages } = calls.stream(procedure.method, input, call, encode);
    for await (const framed of messages) {
      const noRoom = answer.message(framed instanceof Promise ? await framed : framed);
      if (noRoom !== undefined) await noRoom;
    }
    await answer.end(undefined);
  }
}
