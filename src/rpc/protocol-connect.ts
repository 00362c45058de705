/** Connect's unary calls: a message is the body, or a GET's query; a failure is an HTTP status with JSON. */

import { Code, type ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { httpStatusOf } from "#errors/http-status.ts";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";
import {
  type Coding,
  codingNames,
  decompressed,
  preferredCoding,
  type Reading,
} from "#protocol/compression.ts";
import { metadataFields } from "#protocol/metadata.ts";
import { connectTimeout } from "#protocol/timeout.ts";
import { connectErrorJson } from "./connect-error.ts";
import {
  initOf,
  type LaneInit,
  type LaneOptions,
  type RpcRequest,
  requestCodingOf,
  timeoutMsOf,
  wireError,
  written,
} from "./lane.ts";

const malformedCode = Code.InvalidArgument;

/** What is sent, before it is compressed. */
interface UnaryAnswer {
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

/** The bytes of the one message, and the coding that they are in. */
async function sentMessage(
  exchange: Exchange,
  { messageBytesMax }: Reading,
): Promise<{ readonly bytes: Uint8Array; readonly coding: Coding | undefined }> {
  if (exchange.method === "GET") {
    const query = queryOf(exchange.target);
    requireVersion(query.get("connect"), "connect", "v1");
    const coding = requestCodingOf(query.get("compression") ?? undefined, "compression");
    return { bytes: queriedMessage(query), coding };
  }
  requireVersion(exchange.header("connect-protocol-version"), "connect-protocol-version", "1");
  const coding = requestCodingOf(exchange.header("content-encoding"), "content-encoding");
  return {
    bytes: exchange.takeBody(messageBytesMax) ?? (await exchange.body(messageBytesMax)),
    coding,
  };
}

/** The lane of Connect's unary calls. */
export class ConnectLane {
  readonly #options: LaneOptions;
  readonly #reading: Reading;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#reading = { messageBytesMax: options.readBytesMax, malformedCode };
  }

  /** Answers a POST, or a GET of a method without side effects. */
  async serve(request: RpcRequest): Promise<void> {
    const init = initOf(request, "connect");
    let answer: UnaryAnswer;
    try {
      answer = await this.#call(request, init);
    } catch (thrown) {
      answer = this.#failure(wireError(thrown, this.#options), init);
    }
    await this.#send(request.exchange, answer);
  }

  async #call(
    { exchange, procedure, type }: RpcRequest,
    init: LaneInit & { timeoutMs?: number },
  ): Promise<UnaryAnswer> {
    const timeoutMs = timeoutMsOf(exchange, connectTimeout, malformedCode);
    if (timeoutMs !== undefined) init.timeoutMs = timeoutMs;
    const admission = this.#options.calls.admit(procedure.method, init);
    if (admission !== undefined) await admission;
    const codec = procedure.codecs[type.format];
    const { bytes, coding } = await sentMessage(exchange, this.#reading);
    const plain = coding === undefined ? bytes : await decompressed(coding, bytes, this.#reading);
    const input = codec.read(plain, malformedCode);
    const { message } = await this.#options.calls.unary(procedure.method, input, init);
    return {
      status: 200,
      contentType: type.text,
      body: written(codec, message, this.#options.sendBytesMax),
      metadata: this.#metadata(init),
    };
  }

  #failure(error: ConnectError, init: LaneInit): UnaryAnswer {
    return {
      status: httpStatusOf(error.code),
      contentType: "application/json",
      body: Buffer.from(JSON.stringify(connectErrorJson(error, this.#options.registry))),
      metadata: [...this.#metadata(init), ...metadataFields(error.metadata)],
    };
  }

  #metadata({ responseHeader, responseTrailer }: LaneInit): HeaderList {
    return [...metadataFields(responseHeader), ...metadataFields(responseTrailer, "trailer-")];
  }

  async #send(exchange: Exchange, answer: UnaryAnswer): Promise<void> {
    const { status, contentType, body, metadata } = answer;
    const coding =
      body.length < this.#options.compressBytesMin
        ? undefined
        : preferredCoding(exchange.header("accept-encoding"));
    const head: HeaderList = [
      ["content-type", contentType],
      ["accept-encoding", codingNames],
      ...(coding === undefined ? [] : [["content-encoding", coding.name] as const]),
      ...metadata,
    ];
    exchange.respond(status, head, coding === undefined ? body : await coding.compress(body));
  }
}
