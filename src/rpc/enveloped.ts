/** Serves the protocols that put messages into envelopes: one message for one, or streams of them. */

import type { Message } from "@bufbuild/protobuf";
import { coded, isCompressed, onlyEnvelope, prefixBytes, sealed } from "#protocol/envelope.ts";
import { base64CharsMax, fromBase64, fromBase64Pieces } from "./base64.ts";
import type { Codec } from "./codec.ts";
import { EnvelopedAnswer, type EnvelopedProtocol } from "./enveloped-answer.ts";
import { ExchangeCall } from "./exchange-call.ts";
import {
  type LaneOptions,
  type RpcRequest,
  requestCodingOf,
  timeoutMsOf,
  wireError,
  written,
} from "./lane.ts";
import {
  type Decompressing,
  decompressedMessage,
  type MessageReading,
  messagesFrom,
  plainMessage,
} from "./message-reading.ts";

/** A lane of one enveloped protocol. */
export class EnvelopedLane {
  readonly #protocol: EnvelopedProtocol;
  readonly #options: LaneOptions;
  readonly #bodyBytesMax: number;

  constructor(protocol: EnvelopedProtocol, options: LaneOptions) {
    this.#protocol = protocol;
    this.#options = options;
    const bytesMax = options.readBytesMax + prefixBytes;
    this.#bodyBytesMax = protocol.isText ? base64CharsMax(bytesMax) : bytesMax;
  }

  /** Answers a POST. Rejects only when the answer cannot be written. */
  async serve(request: RpcRequest): Promise<void> {
    const { calls } = this.#options;
    const { exchange, procedure } = request;
    const { method } = procedure;
    const bytesMax = this.#bodyBytesMax;
    const { name } = this.#protocol;
    const call = new ExchangeCall(exchange, request.values, name, this.#options.buffers);
    const answer = new EnvelopedAnswer(this.#protocol, request, call);
    try {
      let reading: MessageReading;
      try {
        reading = this.#readingOf(request, call);
      } catch (thrown) {
        throw await calls.failed(method, call, thrown);
      }
      const admission = calls.admit(method, call);
      if (admission !== undefined) await admission;
      if (method.methodKind !== "unary") {
        await this.#stream(request, call, { reading, answer });
        return;
      }
      let input: Message;
      try {
        const body =
          exchange.takeBody(bytesMax) ?? (await call.reading(() => exchange.body(bytesMax)));
        call.hold(body.length);
        const bytes = this.#protocol.isText ? fromBase64(body) : body;
        if (bytes !== body) call.hold(bytes.length);
        const only = onlyEnvelope(bytes, reading);
        input = isCompressed(only)
          ? await call.reading((source) =>
              decompressedMessage(only, reading, this.#decompressing(call, source)),
            )
          : plainMessage(only, reading);
      } catch (thrown) {
        throw await calls.failed(method, call, thrown);
      }
      const encode = (answered: Message) => this.#framed(answered, reading.codec, answer);
      const { message: framed } = await calls.unary(method, input, call, encode);
      answer.whole(framed instanceof Promise ? await framed : framed);
    } catch (thrown) {
      await answer.end(wireError(thrown, this.#options));
    } finally {
      call.release();
    }
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

  #decompressing({ held }: ExchangeCall, source: Decompressing["source"]): Decompressing {
    return { decompressor: this.#options.decompressor, source, held };
  }

  /** A message as it is sent. Throws BODY_TOO_LARGE. */
  #framed(
    message: Message,
    codec: Codec,
    { coding, mayLend }: EnvelopedAnswer,
  ): Uint8Array | Promise<Uint8Array> {
    const { compressBytesMin, sendBytesMax: bytesMax } = this.#options;
    const bytes = written(codec, message, { headroomBytes: prefixBytes, bytesMax, mayLend });
    return coded(sealed(0, bytes), coding, compressBytesMin);
  }

  async #stream(
    { exchange, procedure }: RpcRequest,
    call: ExchangeCall,
    { reading, answer }: { readonly reading: MessageReading; readonly answer: EnvelopedAnswer },
  ): Promise<void> {
    const { calls } = this.#options;
    const chunks = exchange.chunks(Number.POSITIVE_INFINITY);
    const pieces = this.#protocol.isText ? fromBase64Pieces(chunks) : chunks;
    const input = messagesFrom(pieces, reading, this.#decompressing(call, call));
    const encode = (message: Message) => this.#framed(message, reading.codec, answer);
    const { messages } = calls.stream(procedure.method, input, call, encode);
    for await (const framed of messages) {
      const noRoom = answer.message(framed instanceof Promise ? await framed : framed);
      if (noRoom !== undefined) await noRoom;
    }
    await answer.end(undefined);
  }
}
