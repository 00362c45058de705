/** Serves the protocols that put messages into envelopes: one message for one, or streams of them. */

import type { Message } from "@bufbuild/protobuf";
import { compressedFlag, onlyEnvelope, prefixBytes } from "#protocol/envelope.ts";
import { base64CharsMax, fromBase64, fromBase64Pieces } from "./base64.ts";
import { EnvelopedAnswer, type EnvelopedProtocol } from "./enveloped-answer.ts";
import {
  bodyOf,
  initOf,
  type LaneInit,
  type LaneOptions,
  type RpcRequest,
  requestCodingOf,
  timeoutMsOf,
  wireError,
  written,
} from "./lane.ts";
import { type MessageReading, messageFrom, messagesFrom } from "./message-reading.ts";

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
    const { method } = request.procedure;
    const init = initOf(request, this.#protocol.name);
    const answer = new EnvelopedAnswer(this.#protocol, request, init);
    try {
      let reading: MessageReading;
      try {
        reading = this.#readingOf(request, init);
      } catch (thrown) {
        throw await calls.failed(method, init, thrown);
      }
      const admission = calls.admit(method, init);
      if (admission !== undefined) await admission;
      if (method.methodKind === "unary") await this.#unary(request, init, { reading, answer });
      else await this.#stream(request, init, { reading, answer });
    } catch (thrown) {
      await answer.end(wireError(thrown, this.#options));
    }
  }

  /** How the messages are to be read; the deadline goes into `init`. */
  #readingOf(
    { exchange, procedure, type }: RpcRequest,
    init: LaneInit & { timeoutMs?: number },
  ): MessageReading {
    const { malformedCode, timeout, encodingField } = this.#protocol;
    const timeoutMs = timeoutMsOf(exchange, timeout, malformedCode);
    if (timeoutMs !== undefined) init.timeoutMs = timeoutMs;
    return {
      codec: procedure.codecs[type.format],
      coding: requestCodingOf(exchange.header(encodingField), encodingField),
      messageBytesMax: this.#options.readBytesMax,
      malformedCode,
    };
  }

  async #unary(
    request: RpcRequest,
    init: LaneInit,
    { reading, answer }: { readonly reading: MessageReading; readonly answer: EnvelopedAnswer },
  ): Promise<void> {
    const { calls, compressBytesMin, sendBytesMax } = this.#options;
    const { exchange, procedure } = request;
    let input: Message;
    try {
      const bytesMax = this.#bodyBytesMax;
      const body = exchange.takeBody(bytesMax) ?? (await bodyOf(exchange, init, bytesMax));
      const sent = onlyEnvelope(this.#protocol.isText ? fromBase64(latin1(body)) : body, reading);
      input =
        (sent.flags & compressedFlag) === 0
          ? reading.codec.read(sent.payload, reading.malformedCode)
          : await messageFrom(sent, reading);
    } catch (thrown) {
      throw await calls.failed(procedure.method, init, thrown);
    }
    const { message } = await calls.unary(procedure.method, input, init);
    const framed = answer.frame(written(reading.codec, message, sendBytesMax), compressBytesMin);
    answer.whole(framed instanceof Promise ? await framed : framed);
  }

  async #stream(
    { exchange, procedure }: RpcRequest,
    init: LaneInit,
    { reading, answer }: { readonly reading: MessageReading; readonly answer: EnvelopedAnswer },
  ): Promise<void> {
    const { calls, compressBytesMin, sendBytesMax } = this.#options;
    const chunks = exchange.chunks(Number.POSITIVE_INFINITY);
    const input = messagesFrom(this.#protocol.isText ? fromBase64Pieces(chunks) : chunks, reading);
    const { messages } = calls.stream(procedure.method, input, init);
    for await (const message of messages) {
      const framed = answer.frame(written(reading.codec, message, sendBytesMax), compressBytesMin);
      await answer.message(framed instanceof Promise ? await framed : framed);
    }
    await answer.end(undefined);
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
