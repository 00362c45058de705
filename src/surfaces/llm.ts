/** The APIs of LLM vendors: their clients' requests become calls of ChatService, its responses their responses. */

import { create, type DescMethod } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { Deadlines } from "#core/deadlines.ts";
import { clientPlace } from "#dialects/client-places.ts";
import type {
  DialectServer,
  Frame,
  ReadRequest,
  ResponseFacts,
  StreamWriter,
  WrittenError,
} from "#dialects/dialect.ts";
import { clientWordsKey } from "#dialects/relay/client-body.ts";
import type { Operation } from "#dialects/relay/operations.ts";
import { Relay, RelayedRefusal, relayKey } from "#dialects/relay/relay.ts";
import { relayedHead } from "#dialects/relay/rules.ts";
import type { Arrival, Surface } from "#entry/surface.ts";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { type Exchange, type HeaderList, pathOf } from "#exchange/exchange.ts";
import {
  type ChatRequest,
  ChatRequestSchema,
  type ChatResponse,
  ChatService,
  type CountTokensResponse,
  type StreamChatResponse,
} from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";
import { EmbeddingsService, type EmbedResponse } from "#gen/polygate/v1/embeddings_pb.js";
import {
  ListModelsRequestSchema,
  type ListModelsResponse,
  ModelsService,
} from "#gen/polygate/v1/models_pb.js";
import { type RelayResponse, RelayService } from "#gen/polygate/v1/relay_pb.js";
import { valuesOf } from "#interceptors/context.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { CallPath } from "#rpc/call.ts";
import { ExchangeCall } from "#rpc/exchange-call.ts";
import { admitted, inTime, received } from "#rpc/intake.ts";
import { once } from "#rpc/once.ts";
import { parseBody } from "./json-body.ts";
import { embedElementsMax } from "./llm-embed.ts";
import { writeModel, writeModels } from "./llm-models.ts";
import { isUpload, OperationSending, readOperation } from "./llm-operation.ts";
import {
  type LlmChat,
  type LlmCount,
  type LlmEmbed,
  type LlmEndpoint,
  type LlmFamily,
  type LlmModels,
  type LlmOperation,
  type LlmSurfaceName,
  llmFamilyOf,
} from "./llm-paths.ts";
import { keyOfQuery, ownerOf, pathFactsOf } from "./path-owner.ts";
import { placedFault } from "./placed-fault.ts";
import { sendPieces } from "./sent-pieces.ts";

/** What the surface needs. */
export interface LlmSurfaceOptions {
  readonly calls: CallPath;
  readonly clock: Clock;
  /** Largest request body. */
  readonly bodyBytesMax: number;
  /** Largest form or file. */
  readonly uploadBytesMax: number;
  /** Bytes of a form in which its model must stand. */
  readonly aheadBytesMax: number;
  /** Silence after which a stream carries a sign of life. */
  readonly heartbeatMs: number;
  /** What is said is kept: streams are read whole. */
  readonly capturesBodies: boolean;
  /** Vendors whose paths are served. */
  readonly serves: ReadonlySet<LlmSurfaceName>;
}

/** A request that is being served. */
interface Served {
  readonly exchange: Exchange;
  readonly call: ExchangeCall;
  readonly record: CallRecord;
}

/** A chat as it was asked for. */
interface Asked {
  readonly request: ChatRequest;
  readonly facts: ResponseFacts;
  /** Parameters that a translation leaves out. */
  readonly unknown: readonly string[];
  readonly relay: Relay;
}

const jsonType = ["content-type", "application/json"] as const;
const eventStream: HeaderList = [
  ["content-type", "text/event-stream"],
  ["cache-control", "no-cache"],
  ["x-accel-buffering", "no"],
];

function sseText({ event, data }: Frame): string {
  return event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
}

/** Vendors' clients keep time themselves: their requests name no deadline. */
function noHead(): void {}

/** Methods that a path takes. */
function allowedMethods(endpoint: LlmEndpoint): readonly string[] {
  if (endpoint.kind === "operation") return [...endpoint.at.byMethod.keys()];
  return endpoint.kind === "models" ? ["GET", "HEAD"] : ["POST"];
}

/** An error in the words of a family, as its clients read it. */
function errorOf(
  { dialect }: LlmFamily,
  error: ConnectError,
  { requestId }: CallRecord,
): { readonly status: number; readonly fields: HeaderList; readonly body: string } {
  const { status, headers, body }: WrittenError = dialect.writeError(error, requestId);
  const others = headers.filter(([name]) => name !== "x-request-id");
  const fields = [...metadataFields(error.metadata), ...others, jsonType];
  return { status, fields, body: JSON.stringify(body) };
}

class LlmSurface implements Surface {
  readonly name = "llm";
  readonly #options: LlmSurfaceOptions;
  /** Silences of streams: one timer for all of them. */
  readonly #silences: Deadlines;
  readonly #clocked: { readonly clock: Clock };

  constructor(options: LlmSurfaceOptions) {
    this.#options = options;
    this.#silences = new Deadlines(options.heartbeatMs, options.clock);
    this.#clocked = { clock: options.clock };
  }

  take(exchange: Exchange, record: CallRecord): boolean | Promise<void> {
    const path = pathOf(exchange.target);
    if (path === "/api/hello" && exchange.method === "HEAD") {
      record.endpoint = path;
      exchange.respond(200, []);
      return true;
    }
    const owned = ownerOf(path, pathFactsOf(exchange), this.#options.serves);
    if (owned?.family !== "llm") return false;
    const { endpoint } = owned;
    record.endpoint = endpoint.template;
    record.surface = endpoint.surface;
    return this.#serve(endpoint, exchange, record);
  }

  refuse(arrival: Arrival, record: CallRecord, error: ConnectError): boolean {
    const family = llmFamilyOf(pathOf(arrival.target), pathFactsOf(arrival));
    if (family === undefined || !this.#options.serves.has(family.surface)) return false;
    record.surface = family.surface;
    const { status, fields, body } = errorOf(family, error, record);
    arrival.respond(status, fields, body);
    return true;
  }

  /** Never rejects: every failure is a response in the family's shape. */
  async #serve(endpoint: LlmEndpoint, exchange: Exchange, record: CallRecord): Promise<void> {
    const call = new ExchangeCall(exchange, valuesOf(record), endpoint.surface, this.#clocked);
    const key = keyOfQuery(exchange.target);
    if (key !== undefined) call.header.set("x-goog-api-key", key);
    try {
      const allow = allowedMethods(endpoint);
      if (!allow.includes(exchange.method)) {
        const headers = { allow: allow.join(", ") };
        throw fault("METHOD_NOT_ALLOWED", `this path takes ${allow.join(" and ")}`, { headers });
      }
      switch (endpoint.kind) {
        case "chat":
          await this.#chat(endpoint, { exchange, call, record });
          return;
        case "models":
          await this.#models(endpoint, { exchange, call, record });
          return;
        case "embed":
          await this.#embed(endpoint, { exchange, call, record });
          return;
        case "count":
          await this.#count(endpoint, { exchange, call, record });
          return;
        case "operation":
          await this.#operation(endpoint, { exchange, call, record });
          return;
      }
    } catch (thrown) {
      this.#fail(endpoint, { exchange, call, record }, thrown);
    }
  }

  #fail(endpoint: LlmEndpoint, { exchange, call, record }: Served, thrown: unknown): void {
    if (exchange.started) {
      exchange.reset();
      return;
    }
    const error = faultFrom(thrown);
    const { status, fields: own, body } = errorOf(endpoint, error, record);
    const fields = [...metadataFields(call.responseHeader), ...own];
    const { cause } = error;
    // The words of a provider of the client's own dialect: clients look for them.
    if (cause instanceof RelayedRefusal) exchange.respond(cause.status, fields, cause.body);
    else exchange.respond(status, fields, body);
  }

  /**
   * What `read` makes of the body, given as a value and as it came, once the caller may call. Rejects
   * as the call itself would.
   */
  async #read<R>(
    method: DescMethod,
    { exchange, call }: Served,
    read: (body: unknown, bytes: Uint8Array) => R,
    elementsMax?: number,
  ): Promise<R> {
    const { calls, bodyBytesMax } = this.#options;
    await admitted(calls, method, call, noHead);
    return await received(calls, method, call, async () => {
      const body =
        exchange.takeBody(bodyBytesMax) ??
        (await inTime(calls, call, () => exchange.body(bodyBytesMax)));
      return read(parseBody(body, elementsMax), body);
    });
  }

  async #chat(endpoint: LlmChat, served: Served): Promise<void> {
    const {
      request: read,
      unknown,
      includeUsage,
      relay,
    } = await this.#read(ChatService.method.chat, served, (body, bytes) =>
      withRelay(endpoint, served, { body, bytes, readsText: this.#options.capturesBodies }),
    );
    const { requestId } = served.record;
    const nowSeconds = () => Math.floor(this.#options.clock.wallMs() / 1000);
    const facts: ResponseFacts = {
      request: read,
      createdSeconds: nowSeconds(),
      nowSeconds,
      responseId: requestId.replace(/[^\w-]/g, "_"),
      includeUsage: includeUsage === true,
    };
    const request = create(ChatRequestSchema, { ...read, stream: false, withParts: true });
    const asked = { request, facts, unknown, relay };
    try {
      if (read.stream) await this.#stream(endpoint, served, asked);
      else await this.#whole(endpoint, served, asked);
    } catch (thrown) {
      throw placedFault(placesIn(endpoint.dialect, facts), thrown);
    }
  }

  async #whole(
    { dialect }: LlmChat,
    { exchange, call, record }: Served,
    { request, facts, unknown, relay }: Asked,
  ): Promise<void> {
    const { calls } = this.#options;
    const encode = (message: unknown) => {
      const response = message as ChatResponse;
      const words = relay.wordsOf(response);
      return words?.bytes ?? JSON.stringify(dialect.writeResponse(response, facts));
    };
    const { chat } = ChatService.method;
    const { message: body, header } = await calls.unary(chat, request, call, encode);
    const dropped = relay.isRelayed ? [] : unknown;
    const headers = headersOf(header, dropped, record, placesIn(dialect, facts));
    exchange.respond(200, [...headers, jsonType], body);
  }

  async #stream(
    { dialect }: LlmChat,
    { exchange, call, record }: Served,
    { request, facts, unknown, relay }: Asked,
  ): Promise<void> {
    const writer = new EventWriter(dialect.streamWriter(facts), relay);
    const { calls } = this.#options;
    const input = once(request);
    const pieces = calls.stream(
      ChatService.method.streamChat,
      input,
      call,
      (message) => message as StreamChatResponse,
    );
    const dropped = () => (relay.isRelayed ? [] : unknown);
    const headers = () => [
      ...headersOf(pieces.header, dropped(), record, placesIn(dialect, facts)),
      ...eventStream,
    ];
    const sending = new Sending(exchange, headers);
    const stopBeating = this.#beat(sending, dialect.name);
    try {
      for await (const piece of pieces.messages) {
        const written = writer.write(piece.events);
        if (written.length > 0) await sending.send(written);
      }
      await sending.send(writer.end());
    } catch (thrown) {
      if (!exchange.started || exchange.signal.aborted) throw thrown;
      await sending.send(writer.fail(thrown));
    } finally {
      stopBeating();
    }
    exchange.end();
  }

  /** Sends a sign of life after each silence, until the function that is returned is called. */
  #beat(sending: Beaten, dialect: string): () => void {
    const heartbeat =
      dialect === "anthropic" ? 'event: ping\ndata: {"type": "ping"}\n\n' : ": keep-alive\n\n";
    let stop = () => {};
    let isSending = false;
    const beat = async () => {
      isSending = true;
      // It fails when the client is gone, which the stream notices by itself.
      await sending.send(heartbeat).catch(() => {});
      isSending = false;
    };
    const listen = () => {
      const seen = sending.pieces;
      stop = this.#silences.begin(() => {
        if (sending.pieces === seen && !isSending) void beat();
        listen();
      });
    };
    listen();
    return () => stop();
  }

  async #embed({ embed }: LlmEmbed, served: Served): Promise<void> {
    const { exchange, call, record } = served;
    const method = EmbeddingsService.method.embed;
    const read = await this.#read(method, served, (body) => embed.read(body), embedElementsMax);
    const encode = (message: unknown) => message as EmbedResponse;
    const { message, header } = await this.#options.calls
      .unary(method, read.request, call, encode)
      .catch((thrown: unknown) => {
        throw placedFault((name) => embed.placeOf(name), thrown);
      });
    const headers = headersOf(header, read.unknown, record, (name) => embed.placeOf(name));
    await sendPieces(exchange, [...headers, jsonType], embed.write(message, read));
  }

  async #count({ count, dialect }: LlmCount, served: Served): Promise<void> {
    const { exchange, call, record } = served;
    const method = ChatService.method.countTokens;
    const { request, unknown } = await this.#read(method, served, (body) => count.read(body));
    const encode = (message: unknown) =>
      JSON.stringify(count.write(message as CountTokensResponse));
    const placeOf = placesIn(dialect, { request });
    const { message, header } = await this.#options.calls
      .unary(method, request, call, encode)
      .catch((thrown: unknown) => {
        throw placedFault(placeOf, thrown);
      });
    exchange.respond(200, [...headersOf(header, unknown, record, placeOf), jsonType], message);
  }

  async #operation({ at, dialect }: LlmOperation, served: Served): Promise<void> {
    const { exchange, call, record } = served;
    const { calls } = this.#options;
    const operation = at.byMethod.get(exchange.method) as Operation;
    const { relay, relayUpload } = RelayService.method;
    const method = isUpload(operation, exchange) ? relayUpload : relay;
    await admitted(calls, method, call, noHead);
    const { request, words } = await received(calls, method, call, () =>
      inTime(calls, call, () => readOperation(exchange, operation, at.id, this.#options)),
    );
    call.values.set(clientWordsKey, words);
    const input = once(request);
    const pieces = calls.stream(method, input, call, (message) => message as RelayResponse);
    const sending = new OperationSending(exchange, () => headersOf(pieces.header, [], record));
    const stopBeating = this.#beat(sending, dialect.name);
    try {
      for await (const piece of pieces.messages) await sending.pass(piece);
    } catch (thrown) {
      if (!sending.takesEvent) throw thrown;
      const { body } = dialect.writeError(faultFrom(thrown), record.requestId);
      await sending.send(sseText({ data: JSON.stringify(body) }));
    } finally {
      stopBeating();
    }
    sending.end();
  }

  async #models({ surface, model }: LlmModels, { exchange, call, record }: Served): Promise<void> {
    const { calls } = this.#options;
    const request = create(ListModelsRequestSchema);
    const encode = (message: unknown) => {
      const { models } = message as ListModelsResponse;
      return model === undefined
        ? writeModels(models, surface)
        : writeModel(models, model, surface);
    };
    const { message, header } = await calls.unary(
      ModelsService.method.listModels,
      request,
      call,
      encode,
    );
    exchange.respond(200, [...headersOf(header, [], record), jsonType], JSON.stringify(message));
  }
}

/** What is sent of a stream: the frames of its events, or the words of a provider that speaks the client's dialect. */
class EventWriter {
  readonly #writer: StreamWriter;
  readonly #relay: Relay;
  /** Nothing may follow: the provider has reported the failure itself. */
  #isOver = false;
  /** The provider's words are sent as they are: known since the first event. */
  #isRelayed: boolean | undefined;

  constructor(writer: StreamWriter, relay: Relay) {
    this.#writer = writer;
    this.#relay = relay;
  }

  /** The text of events that came together: in a relay the first of them has the words of all. */
  write(events: readonly ChatEvent[]): string | Uint8Array {
    const [first] = events;
    if (first === undefined) return "";
    const words = this.#relay.wordsOf(first);
    this.#isRelayed ??= words !== undefined;
    if (!this.#isRelayed) return textOf(events.flatMap((event) => this.#writer.write(event)));
    // A failure of the gateway's own, which it would write, is one of the same response.
    if (first.event.case === "start") this.#writer.write(first);
    this.#isOver ||= words?.isFailure === true;
    if (words !== undefined) this.#writer.follow?.(words.bytes);
    return words?.bytes ?? "";
  }

  end(): string {
    return this.#isRelayed ? "" : textOf(this.#writer.end());
  }

  fail(thrown: unknown): string {
    return this.#isOver ? "" : textOf(this.#writer.fail(faultFrom(thrown)));
  }
}

function textOf(frames: readonly Frame[]): string {
  return frames.map(sseText).join("");
}

/** The request as it was read, and as it came for providers that speak the client's dialect. */
function withRelay(
  endpoint: LlmChat,
  { exchange, call }: Served,
  { body, bytes, readsText }: { body: unknown; bytes: Uint8Array; readsText: boolean },
): ReadRequest & { readonly relay: Relay } {
  const read = endpoint.read(body);
  const dialect = endpoint.dialect.name;
  const request = {
    dialect,
    body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    ...relayedHead(dialect, (name) => exchange.header(name), exchange.target),
    hidesUsage: dialect === "openai-chat" && read.request.stream && !read.includeUsage,
  };
  const relay = new Relay(request, readsText);
  call.values.set(relayKey, relay);
  return { ...read, relay };
}

/** What a place in the canonical request of a chat is in its client's words. */
function placesIn(
  { name }: DialectServer,
  { request }: Pick<ResponseFacts, "request">,
): (place: string) => string {
  return (place) => clientPlace(name, request, place);
}

/** Headers of a response; parameters that no one knew are named among the dropped ones, all in the client's words. */
function headersOf(
  header: Headers,
  unknown: readonly string[],
  { requestId }: CallRecord,
  placeOf = (name: string) => name,
): HeaderList {
  const fields = [...metadataFields(header)].filter(([name]) => name !== "x-polygate-dropped");
  const told = header.get("x-polygate-dropped")?.split(",") ?? [];
  const dropped = [...told.map(placeOf), ...unknown];
  return [
    ...fields,
    ["request-id", requestId],
    ...(dropped.length === 0 ? [] : [["x-polygate-dropped", droppedText(dropped)] as const]),
  ];
}

/** Names of a client's fields may be of any length and characters. */
function droppedText(names: readonly string[]): string {
  return names
    .slice(0, 32)
    .map((name) => name.replace(/[^\x21-\x2b\x2d-\x7e]/g, "_").slice(0, 64))
    .join(",");
}

/** A stream in which silence is distinguished from the pieces that were sent. */
interface Beaten {
  readonly pieces: number;
  send(text: string): Promise<void>;
}

/** The written part of one stream. */
class Sending implements Beaten {
  readonly #exchange: Exchange;
  readonly #headers: () => HeaderList;
  /** Pieces sent so far, by which a heartbeat sees whether there was silence. */
  pieces = 0;

  constructor(exchange: Exchange, headers: () => HeaderList) {
    this.#exchange = exchange;
    this.#headers = headers;
  }

  async send(text: string | Uint8Array): Promise<void> {
    this.pieces += 1;
    if (!this.#exchange.started) this.#exchange.start(200, this.#headers());
    if (text.length > 0) await this.#exchange.write(text);
  }
}

/** The surface of the vendors that a listener serves. */
export function createLlmSurface(options: LlmSurfaceOptions): Surface {
  return new LlmSurface(options);
}
