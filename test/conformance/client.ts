/** A client under test of the conformance suite: makes the calls that stdin asks for, tells stdout how they went. */

import { create, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import type { CallOptions } from "#grpc-client/call.ts";
import { GrpcChannel } from "#grpc-client/channel.ts";
import { GrpcError } from "#grpc-client/grpc-error.ts";
import type { GrpcStream } from "#grpc-client/grpc-stream.ts";
import { envelope } from "#protocol/envelope.ts";
import type { Metadata } from "#protocol/metadata.ts";
import {
  type ClientCompatRequest,
  ClientCompatRequestSchema,
  type ClientCompatResponse,
  ClientCompatResponseSchema,
  type ClientResponseResult,
  ClientResponseResultSchema,
  Compression,
  StreamType,
} from "../gen/connectrpc/conformance/v1/client_compat_pb.js";
import {
  BidiStreamResponseSchema,
  ClientStreamResponseSchema,
  type ConformancePayload,
  ConformancePayloadSchema,
  ErrorSchema,
  type Header,
  HeaderSchema,
  ServerStreamResponseSchema,
  UnaryResponseSchema,
} from "../gen/connectrpc/conformance/v1/service_pb.js";

/** Bytes of a length ahead of a message. */
const prefixBytes = 4;
/** Largest message where the suite sets no limit. */
const bytesMax = 64 * 1024 * 1024;

const encodings: Readonly<Partial<Record<Compression, CallOptions["encoding"]>>> = {
  [Compression.GZIP]: "gzip",
  [Compression.BR]: "br",
  [Compression.ZSTD]: "zstd",
};

/** By server and limit; the process ends with the last of its calls. */
const channels = new Map<string, GrpcChannel>();

function channelOf(request: ClientCompatRequest): GrpcChannel {
  const { port, messageReceiveLimit } = request;
  const key = `${port} ${messageReceiveLimit}`;
  const channel = channels.get(key) ?? openChannel(request);
  channels.set(key, channel);
  return channel;
}

function openChannel(request: ClientCompatRequest): GrpcChannel {
  const { host, port, serverTlsCert, clientTlsCreds, messageReceiveLimit } = request;
  const own = clientTlsCreds && {
    cert: Buffer.from(clientTlsCreds.cert),
    key: Buffer.from(clientTlsCreds.key),
  };
  const tls = serverTlsCert.length > 0 && { ca: Buffer.from(serverTlsCert), ...own };
  return new GrpcChannel(
    { host, port, messageBytesMax: messageReceiveLimit || bytesMax, ...(tls && { tls }) },
    systemClock,
    systemRng,
  );
}

function headersFrom(metadata: Metadata | undefined): Header[] {
  const headers = new Map<string, Header>();
  for (const [name, value] of metadata?.fields() ?? []) {
    const header = headers.get(name) ?? create(HeaderSchema, { name });
    header.value.push(value);
    headers.set(name, header);
  }
  return [...headers.values()];
}

function tellError(result: ClientResponseResult, thrown: unknown): void {
  if (!(thrown instanceof GrpcError)) throw thrown;
  const { code, message, details, header, trailer } = thrown;
  result.error = create(ErrorSchema, {
    code: code as number,
    message,
    details: details === undefined ? [] : fromBinary(StatusSchema, details).details,
  });
  if (header !== undefined) result.responseHeaders = headersFrom(header);
  if (trailer !== undefined) result.responseTrailers = headersFrom(trailer);
}

/** One call: what it is asked for, what it may be cancelled by, and what is told of it. */
class Case {
  readonly #request: ClientCompatRequest;
  readonly #channel: GrpcChannel;
  readonly #abort = new AbortController();
  readonly #result = create(ClientResponseResultSchema);

  constructor(request: ClientCompatRequest, channel: GrpcChannel) {
    this.#request = request;
    this.#channel = channel;
  }

  async run(): Promise<ClientResponseResult> {
    try {
      if (this.#request.streamType === StreamType.UNARY) await this.#unary();
      else if (this.#request.streamType === StreamType.SERVER_STREAM) await this.#serverStream();
      else await this.#stream();
    } catch (thrown) {
      tellError(this.#result, thrown);
    }
    return this.#result;
  }

  get #path(): string {
    return `/${this.#request.service}/${this.#request.method}`;
  }

  get #options(): CallOptions {
    const { requestHeaders, timeoutMs, compression } = this.#request;
    const encoding = encodings[compression];
    return {
      metadata: requestHeaders.flatMap(({ name, value }) =>
        value.map((one) => [name, one] as const),
      ),
      signal: this.#abort.signal,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(encoding === undefined ? {} : { encoding }),
    };
  }

  get #messages(): Uint8Array[] {
    return this.#request.requestMessages.map(({ value }) => envelope(0, value));
  }

  async #unary(): Promise<void> {
    this.#closedSend();
    const [message = envelope(0, new Uint8Array(0))] = this.#messages;
    const answer = await this.#channel.unary(this.#path, message, this.#options);
    this.#result.responseHeaders = headersFrom(answer.header);
    this.#result.responseTrailers = headersFrom(answer.trailer);
    this.#tell(answer.message);
  }

  async #serverStream(): Promise<void> {
    const [message = envelope(0, new Uint8Array(0))] = this.#messages;
    const answers = this.#channel.serverStream(this.#path, message, this.#options);
    this.#closedSend();
    await this.#readAll(await answers);
  }

  async #stream(): Promise<void> {
    const { requestDelayMs, streamType, cancel } = this.#request;
    const stream = await this.#channel.stream(this.#path, this.#options);
    const messages = this.#messages;
    for (const [index, message] of messages.entries()) {
      await systemClock.sleep(requestDelayMs);
      if (!(await stream.send(message))) {
        this.#result.numUnsentRequests = messages.length - index;
        break;
      }
      if (streamType === StreamType.FULL_DUPLEX_BIDI_STREAM) await this.#readOne(stream);
    }
    if (cancel?.cancelTiming.case === "beforeCloseSend") this.#abort.abort();
    else stream.closeSend();
    this.#closedSend();
    if (streamType === StreamType.CLIENT_STREAM) await this.#readOnly(stream);
    else await this.#readAll(stream);
  }

  #closedSend(): void {
    const timing = this.#request.cancel?.cancelTiming;
    if (timing?.case !== "afterCloseSendMs") return;
    void systemClock.sleep(timing.value).then(() => this.#abort.abort());
  }

  async #readAll(stream: GrpcStream): Promise<void> {
    this.#result.responseHeaders = headersFrom(await stream.header());
    while (await this.#readOne(stream));
    this.#result.responseTrailers = headersFrom(stream.trailer);
  }

  async #readOnly(stream: GrpcStream): Promise<void> {
    this.#result.responseHeaders = headersFrom(await stream.header());
    this.#tell(await stream.only());
    this.#result.responseTrailers = headersFrom(stream.trailer);
  }

  /** False behind the last message. */
  async #readOne(stream: GrpcStream): Promise<boolean> {
    const { value, done } = await stream.next();
    if (done) return false;
    this.#tell(value);
    return true;
  }

  #tell(bytes: Uint8Array): void {
    const { payloads } = this.#result;
    payloads.push(this.#answer(bytes).payload ?? create(ConformancePayloadSchema));
    const timing = this.#request.cancel?.cancelTiming;
    if (timing?.case === "afterNumResponses" && timing.value === payloads.length) {
      this.#abort.abort();
    }
  }

  #answer(bytes: Uint8Array): { readonly payload?: ConformancePayload | undefined } {
    switch (this.#request.method) {
      case "Unary":
        return fromBinary(UnaryResponseSchema, bytes);
      case "ServerStream":
        return fromBinary(ServerStreamResponseSchema, bytes);
      case "ClientStream":
        return fromBinary(ClientStreamResponseSchema, bytes);
      case "BidiStream":
        return fromBinary(BidiStreamResponseSchema, bytes);
      default:
        return {};
    }
  }
}

async function answerTo(request: ClientCompatRequest): Promise<ClientCompatResponse> {
  const { testName } = request;
  try {
    const value = await new Case(request, channelOf(request)).run();
    return create(ClientCompatResponseSchema, { testName, result: { case: "response", value } });
  } catch (thrown) {
    const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    const result = { case: "error", value: { message } } as const;
    return create(ClientCompatResponseSchema, { testName, result });
  }
}

function write(schema: DescMessage, message: Message): void {
  const bytes = toBinary(schema, message);
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(bytes.length);
  process.stdout.write(Buffer.concat([prefix, bytes]));
}

/** The suite's calls, as they come. */
async function* requests(): AsyncGenerator<ClientCompatRequest> {
  let input: Buffer = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    input = Buffer.concat([input, chunk]);
    while (input.length >= prefixBytes) {
      const end = prefixBytes + input.readUInt32BE(0);
      if (input.length < end) break;
      yield fromBinary(ClientCompatRequestSchema, input.subarray(prefixBytes, end));
      input = input.subarray(end);
    }
  }
}

const activeCalls: Promise<void>[] = [];
for await (const request of requests()) {
  const told = answerTo(request).then((response) => write(ClientCompatResponseSchema, response));
  activeCalls.push(told);
}
await Promise.all(activeCalls);
for (const channel of channels.values()) await channel[Symbol.asyncDispose]();
