/** Connect's unary calls: a message is the body, or a GET's query; a failure is an HTTP status with JSON. */

import type { Message } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { httpStatusOf } from "#errors/http-status.ts";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";
import {
  type Coding,
  codingNames,
  messageTooLarge,
  preferredCoding,
  type Reading,
} from "#protocol/compression.ts";
import { metadataFields } from "#protocol/metadata.ts";
import { connectTimeout } from "#protocol/timeout.ts";
import { connectErrorJson } from "./connect-error.ts";
import { ExchangeCall } from "./exchange-call.ts";
import { admitted, inTime, received } from "./intake.ts";
import {
  type ProtocolHandlerOptions,
  type RpcRequest,
  requestCodingOf,
  timeoutMsOf,
  wireError,
  written,
} from "./protocol-handler.ts";

const malformedCode = Code.InvalidArgument;

/** What is sent, before it is compressed. */
interface UnaryResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly metadata: HeaderList;
}

function parameterFault(name: string, expected: string): ConnectError {
  const description = `expected ${expected}`;
  return fault("PARAMETER_INVALID", `${name}: ${description}`, {
    fields: [{ field: name, description }],
  });
}

function requireVersion(sent: string | null | undefined, name: string, version: string): void {
  if (sent !== undefined && sent !== null && sent !== version) {
    throw parameterFault(name, `"${version}"`);
  }
}

const base64Pattern = /^[\w+/-]*={0,2}$/;

/** The message of a GET. Throws PARAMETER_INVALID. */
function queriedMessage(query: URLSearchParams): Uint8Array {
  const text = query.get("message");
  if (text === null) throw parameterFault("message", "a message");
  if (query.get("base64") !== "1") return Buffer.from(text);
  if (!base64Pattern.test(text)) throw parameterFault("message", "base64");
  return Buffer.from(text, "base64");
}

/** The parameters of a target. */
export function queryOf(target: string): URLSearchParams {
  const question = target.indexOf("?");
  return new URLSearchParams(question < 0 ? "" : target.slice(question + 1));
}

/** What a request says of its one message before its body is read. */
interface SentMessage {
  /** The message of a GET. */
  readonly queried?: Uint8Array;
  readonly coding: Coding | undefined;
}

/** Where the message is and how it is coded; the deadline goes into `call`. */
function sentMessage(exchange: Exchange, call: ExchangeCall): SentMessage {
  const timeoutMs = timeoutMsOf(exchange, connectTimeout, malformedCode);
  if (timeoutMs !== undefined) call.timeoutMs = timeoutMs;
  if (exchange.method === "GET") {
    const query = queryOf(exchange.target);
    requireVersion(query.get("connect"), "connect", "v1");
    const coding = requestCodingOf(query.get("compression") ?? undefined, "compression");
    return { queried: queriedMessage(query), coding };
  }
  requireVersion(exchange.header("connect-protocol-version"), "connect-protocol-version", "1");
  return { coding: requestCodingOf(exchange.header("content-encoding"), "content-encoding") };
}

/** The handler of Connect's unary calls. */
export class ConnectHandler {
  readonly #options: ProtocolHandlerOptions;
  readonly #reading: Reading;

  constructor(options: ProtocolHandlerOptions) {
    this.#options = options;
    this.#reading = { messageBytesMax: options.readBytesMax, malformedCode };
  }

  /** Responds to a POST, or a GET of a method without side effects. */
  async serve(request: RpcRequest): Promise<void> {
    const { exchange, values } = request;
    const call = new ExchangeCall(exchange, values, "connect", this.#options);
    let answer: UnaryResponse;
    try {
      answer = await this.#call(request, call);
    } catch (thrown) {
      answer = this.#failure(wireError(thrown, this.#options), call);
    } finally {
      call.release();
    }
    await this.#send(exchange, answer);
  }

  async #call(request: RpcRequest, call: ExchangeCall): Promise<UnaryResponse> {
    const { calls, sendBytesMax } = this.#options;
    const { procedure, type } = request;
    const codec = procedure.codecs[type.format];
    const { method } = procedure;
    const head = admitted(calls, method, call, () => sentMessage(request.exchange, call));
    const sent = head instanceof Promise ? await head : head;
    const input = await received(calls, method, call, async () => {
      const bytes = await this.#bytesOf(request.exchange, call, sent);
      const read = codec.read(bytes, malformedCode);
      return read instanceof Promise ? await inTime(calls, call, () => read) : read;
    });
    const encode = (message: Message) =>
      written(codec, message, { headroomBytes: 0, bytesMax: sendBytesMax });
    const { message: body } = await calls.unary(method, input, call, encode);
    return {
      status: 200,
      contentType: type.text,
      body,
      metadata: this.#metadata(call),
    };
  }

  async #bytesOf(
    exchange: Exchange,
    call: ExchangeCall,
    { queried, coding }: SentMessage,
  ): Promise<Uint8Array> {
    const { calls, readBytesMax: bytesMax } = this.#options;
    const bytes =
      queried ??
      exchange.takeBody(bytesMax) ??
      (await inTime(calls, call, () => exchange.body(bytesMax)));
    if (coding !== undefined) {
      const { decompressor } = this.#options;
      return await inTime(calls, call, (source) =>
        decompressor.decompressed(coding, bytes, this.#reading, { source, held: call.held }),
      );
    }
    if (bytes.length > bytesMax) throw messageTooLarge(bytesMax);
    return bytes;
  }

  #failure(error: ConnectError, call: ExchangeCall): UnaryResponse {
    return {
      status: httpStatusOf(error.code),
      contentType: "application/json",
      body: Buffer.from(JSON.stringify(connectErrorJson(error, this.#options.registry))),
      metadata: [...this.#metadata(call), ...metadataFields(error.metadata)],
    };
  }

  #metadata({ responseHeader, responseTrailer }: ExchangeCall): HeaderList {
    return [...metadataFields(responseHeader), ...metadataFields(responseTrailer, "trailer-")];
  }

  async #send(exchange: Exchange, answer: UnaryResponse): Promise<void> {
    const { status, contentType, body, metadata } = answer;
    const isLarge = body.length >= this.#options.compressBytesMin;
    const coding = isLarge ? preferredCoding(exchange.header("accept-encoding")) : undefined;
    const coded =
      coding === undefined
        ? undefined
        : await coding.compress(body, (listener) => exchange.onGone(listener));
    const head: HeaderList = [
      ["content-type", contentType],
      ["accept-encoding", codingNames],
      ...(isLarge ? [["vary", "accept-encoding"] as const] : []),
      ...(coding === undefined || coded === undefined
        ? []
        : [["content-encoding", coding.name] as const]),
      ...metadata,
    ];
    exchange.respond(status, head, coded ?? body);
  }
}
