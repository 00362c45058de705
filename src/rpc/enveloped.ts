/** Serves the protocols that put messages into envelopes: one message for one, or streams of them. */

import type { Message } from "@bufbuild/protobuf";
import type { Code, ConnectError } from "@connectrpc/connect";
import type { HeaderList } from "#exchange/exchange.ts";
import {
  type Coding,
  codingNames,
  decompressed,
  preferredCoding,
  type Reading,
} from "#protocol/compression.ts";
import {
  compressedFlag,
  type Envelope,
  EnvelopeReader,
  envelope,
  onlyEnvelope,
  prefixBytes,
} from "#protocol/envelope.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { TimeoutField } from "#protocol/timeout.ts";
import { base64CharsMax, fromBase64, fromBase64Pieces, toBase64 } from "./base64.ts";
import type { Codec } from "./codec.ts";
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
import { statusFields } from "./status.ts";

/** What tells the enveloped protocols apart. */
export interface EnvelopedProtocol {
  /** As handlers see it. */
  readonly name: "grpc" | "grpc-web" | "connect";
  /** Fields that name the coding of messages, and those that the sender can read. */
  readonly encodingField: string;
  readonly acceptField: string;
  readonly timeout: TimeoutField;
  /** Status of bytes that cannot be. */
  readonly malformedCode: Code;
  /** Bodies are base64. */
  readonly isText: boolean;
  /** The envelope that ends an answer; absent: HTTP trailers do. */
  readonly endEnvelope?: (error: ConnectError | undefined, trailer: Headers) => Uint8Array;
}

/** Writes one answer as its protocol frames it. */
class EnvelopedAnswer {
  readonly #protocol: EnvelopedProtocol;
  readonly #request: RpcRequest;
  readonly #init: LaneInit;
  /** Of messages that are worth it. */
  readonly coding: Coding | undefined;

  constructor(protocol: EnvelopedProtocol, request: RpcRequest, init: LaneInit) {
    this.#protocol = protocol;
    this.#request = request;
    this.#init = init;
    this.coding = preferredCoding(request.exchange.header(protocol.acceptField));
  }

  /** Frames a message's bytes, and compresses those of `bytesMin` or more. */
  frame(bytes: Uint8Array, bytesMin: number): Uint8Array | Promise<Uint8Array> {
    if (this.coding === undefined || bytes.length < bytesMin) return envelope(0, bytes);
    return this.coding.compress(bytes).then((compressed) => envelope(compressedFlag, compressed));
  }

  /** The whole answer of one message. */
  whole(framed: Uint8Array): void {
    const { exchange } = this.#request;
    const { endEnvelope } = this.#protocol;
    if (endEnvelope === undefined) {
      exchange.respond(200, this.#head(), framed, this.#trailers(undefined));
    } else {
      const end = endEnvelope(undefined, this.#init.responseTrailer);
      exchange.respond(200, this.#head(), this.#body(Buffer.concat([framed, end])));
    }
  }

  /** One message of several. Resolves when there is room for the next. */
  message(framed: Uint8Array): Promise<void> {
    const { exchange } = this.#request;
    if (!exchange.started) exchange.start(200, this.#head());
    return exchange.write(this.#body(framed));
  }

  /** What follows the messages: success, or the error that ended them. */
  async end(error: ConnectError | undefined): Promise<void> {
    const { exchange } = this.#request;
    const { endEnvelope } = this.#protocol;
    if (endEnvelope !== undefined) {
      const end = this.#body(endEnvelope(error, this.#init.responseTrailer));
      if (!exchange.started) {
        exchange.respond(200, this.#head(), end);
        return;
      }
      await exchange.write(end);
      exchange.end();
    } else if (exchange.started) {
      exchange.end(this.#trailers(error));
    } else if (this.#init.responseHeader.isEmpty) {
      // Nothing ahead of the trailers: one block of fields is the whole answer.
      exchange.respond(200, [...this.#head(), ...this.#trailers(error)]);
    } else {
      exchange.respond(200, this.#head(), "", this.#trailers(error));
    }
  }

  #head(): HeaderList {
    const { type } = this.#request;
    const { encodingField, acceptField } = this.#protocol;
    const metadata = metadataFields(this.#init.responseHeader);
    const head: (readonly [string, string])[] = [
      ["content-type", type.text],
      [acceptField, codingNames],
    ];
    if (this.coding !== undefined) head.push([encodingField, this.coding.name]);
    return metadata.length === 0 ? head : [...head, ...metadata];
  }

  #trailers(error: ConnectError | undefined): HeaderList {
    const status = statusFields(error);
    const metadata = metadataFields(this.#init.responseTrailer);
    return metadata.length === 0 ? status : [...status, ...metadata];
  }

  #body(bytes: Uint8Array): Uint8Array | string {
    return this.#protocol.isText ? toBase64(bytes) : bytes;
  }
}

/** How one request's messages are read. */
interface MessageReading extends Reading {
  readonly codec: Codec;
  readonly coding: Coding | undefined;
}

async function messageFrom(
  { flags, payload }: Envelope,
  reading: MessageReading,
): Promise<Message> {
  const { codec, coding, malformedCode } = reading;
  if ((flags & compressedFlag) === 0) return codec.read(payload, malformedCode);
  return codec.read(await decompressed(coding, payload, reading), malformedCode);
}

/** The messages of a request, read as they are asked for. */
async function* messagesFrom(
  chunks: AsyncIterable<Uint8Array>,
  reading: MessageReading,
): AsyncGenerator<Message> {
  const envelopes = new EnvelopeReader(chunks, reading);
  try {
    for (;;) {
      const next = await envelopes.next();
      if (next === undefined) return;
      yield await messageFrom(next, reading);
    }
  } finally {
    await envelopes.close();
  }
}

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
