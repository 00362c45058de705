/** The APIs of LLM vendors: their clients' requests become calls of ChatService, its responses their responses. */

import { create, type DescMethod } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { Deadlines } from "#core/deadlines.ts";
import { clientWordsKey } from "#dialects/relay/client-body.ts";
import type { Operation } from "#dialects/relay/operations.ts";
import { RelayedRefusal } from "#dialects/relay/relay.ts";
import type { Arrival, Surface } from "#entry/surface.ts";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { type CorsOptions, mayUpgrade } from "#exchange/cors.ts";
import { type Exchange, type HeaderList, pathOf } from "#exchange/exchange.ts";
import type { Upgrade } from "#exchange/upgrade.ts";
import {
  type ChatResponse,
  ChatService,
  type CountTokensResponse,
} from "#gen/polygate/v1/chat_pb.js";
import { EmbeddingsService, type EmbedResponse } from "#gen/polygate/v1/embeddings_pb.js";
import {
  GetModelRequestSchema,
  ListModelsRequestSchema,
  type ListModelsResponse,
  type Model,
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
import { type Asked, askedOf, ChatStream, headersOf, placesIn, sseText } from "./chat-turn.ts";
import { parseBody } from "./json-body.ts";
import { embedElementsMax } from "./llm-embed.ts";
import { errorOf } from "./llm-error.ts";
import { codexModels, writeModel, writeModels } from "./llm-models.ts";
import { isUpload, OperationSending, readOperation } from "./llm-operation.ts";
import {
  type LlmChat,
  type LlmCount,
  type LlmEmbed,
  type LlmEndpoint,
  type LlmModels,
  type LlmOperation,
  type LlmSurfaceName,
  llmEndpointOf,
  llmFamilyOf,
  responsesPath,
} from "./llm-paths.ts";
import { keyOfQuery, ownerOf, pathFactsOf, queryOf } from "./path-owner.ts";
import { placedFault } from "./placed-fault.ts";
import { ResponsesSockets } from "./responses-sockets.ts";
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
  /** Pages that may open WebSockets besides those of this host. */
  readonly cors?: CorsOptions | undefined;
  /** Vendors whose paths are served. */
  readonly serves: ReadonlySet<LlmSurfaceName>;
}

/** A request that is being served. */
interface Served {
  readonly exchange: Exchange;
  readonly call: ExchangeCall;
  readonly record: CallRecord;
}

const jsonType = ["content-type", "application/json"] as const;
const eventStream: HeaderList = [
  ["content-type", "text/event-stream"],
  ["cache-control", "no-cache"],
  ["x-accel-buffering", "no"],
];

/** Vendors' clients keep time themselves: their requests name no deadline. */
function noHead(): void {}

/** Methods that a path takes. */
function allowedMethods(endpoint: LlmEndpoint): readonly string[] {
  if (endpoint.kind === "operation") return [...endpoint.at.byMethod.keys()];
  return endpoint.kind === "models" ? ["GET", "HEAD"] : ["POST"];
}

class LlmSurface implements Surface {
  readonly name = "llm";
  readonly #options: LlmSurfaceOptions;
  /** Silences of streams: one timer for all of them. */
  readonly #silences: Deadlines;
  readonly #clocked: { readonly clock: Clock };
  readonly #sockets: ResponsesSockets;

  constructor(options: LlmSurfaceOptions) {
    this.#options = options;
    this.#sockets = new ResponsesSockets(options);
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

  /** Responses over a WebSocket; no other path has one. */
  upgrade(upgrade: Upgrade, record: CallRecord): boolean {
    const path = pathOf(upgrade.target);
    if (path !== responsesPath || !this.#options.serves.has("openai")) return false;
    const endpoint = llmEndpointOf(path, { hasAnthropicVersion: false, hasGoogleKey: false });
    if (endpoint?.kind !== "chat") return false;
    record.endpoint = endpoint.template;
    record.surface = endpoint.surface;
    const { cors } = this.#options;
    if (mayUpgrade(upgrade, { host: record.host ?? upgrade.authority, cors })) {
      void this.#sockets.serve(endpoint, upgrade, record);
    } else {
      record.refusal = "ORIGIN_REFUSED";
      const error = fault("ORIGIN_REFUSED", "origin: pages of this origin may not call here");
      const { status, fields, body } = errorOf(endpoint, error, record);
      upgrade.respond(status, fields, body);
    }
    return true;
  }

  retire(): void {
    this.#sockets.retire();
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
   * What `read` makes of the body, given as a value and as it came, once the caller may call: at once
   * where nothing is waited for. Fails as the call itself would.
   */
  #read<R>(
    method: DescMethod,
    { exchange, call }: Served,
    read: (body: unknown, bytes: Uint8Array) => R,
    elementsMax?: number,
  ): R | Promise<R> {
    const { calls, bodyBytesMax } = this.#options;
    const parsed = (body: Uint8Array) => read(parseBody(body, elementsMax), body);
    const take = () =>
      received(calls, method, call, () => {
        const here = exchange.takeBody(bodyBytesMax);
        if (here !== undefined) return parsed(here);
        return inTime(calls, call, () => exchange.body(bodyBytesMax)).then(parsed);
      });
    const admission = admitted(calls, method, call, noHead);
    return admission instanceof Promise ? admission.then(take) : take();
  }

  async #chat(endpoint: LlmChat, served: Served): Promise<void> {
    const { exchange, call, record } = served;
    const { clock, capturesBodies: readsText } = this.#options;
    const head = (name: string) => exchange.header(name);
    const asking = { call, record, clock, readsText, head, target: exchange.target };
    const asked = await this.#read(ChatService.method.chat, served, (body, bytes) =>
      askedOf(endpoint, { body, bytes }, asking),
    );
    try {
      if (asked.isStream) await this.#stream(endpoint, served, asked);
      else await this.#whole(endpoint, served, asked);
    } catch (thrown) {
      throw placedFault(asked.placeOf, thrown);
    }
  }

  async #whole(
    { dialect }: LlmChat,
    { exchange, call, record }: Served,
    asked: Asked,
  ): Promise<void> {
    const { calls } = this.#options;
    const { request, facts, relay, placeOf } = asked;
    const encode = (message: unknown) => {
      const response = message as ChatResponse;
      const words = relay.wordsOf(response);
      return words?.bytes ?? JSON.stringify(dialect.writeResponse(response, facts));
    };
    const { chat } = ChatService.method;
    const { message: body, header } = await calls.unary(chat, request, call, encode);
    const headers = headersOf(header, asked.dropped(), record, placeOf);
    exchange.respond(200, [...headers, jsonType], body);
  }

  async #stream(
    { dialect }: LlmChat,
    { exchange, call, record }: Served,
    asked: Asked,
  ): Promise<void> {
    const stream = new ChatStream(this.#options.calls, call, dialect, asked);
    const headers = () => [
      ...headersOf(stream.header, asked.dropped(), record, asked.placeOf),
      ...eventStream,
    ];
    const sending = new Sending(exchange, headers);
    const stopBeating = this.#beat(sending, dialect.name);
    try {
      for await (const piece of stream.pieces) {
        const written = stream.write(piece);
        if (written.length > 0) await sending.send(written);
      }
      await sending.send(stream.end());
    } catch (thrown) {
      if (!exchange.started || exchange.signal.aborted) throw thrown;
      await sending.send(stream.fail(thrown));
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

  async #models(endpoint: LlmModels, { exchange, call, record }: Served): Promise<void> {
    const { message, header } = await (endpoint.model === undefined
      ? this.#listed(endpoint, exchange, call)
      : this.#named(endpoint.model, endpoint, call));
    exchange.respond(200, [...headersOf(header, [], record), jsonType], JSON.stringify(message));
  }

  #named(model: string, { surface }: LlmModels, call: ExchangeCall) {
    const request = create(GetModelRequestSchema, { model });
    const encode = (message: unknown) => writeModel(message as Model, surface);
    return this.#options.calls.unary(ModelsService.method.getModel, request, call, encode);
  }

  #listed({ surface }: LlmModels, exchange: Exchange, call: ExchangeCall) {
    const request = create(ListModelsRequestSchema);
    const encode = (message: unknown) => {
      const { models } = message as ListModelsResponse;
      const isCodex =
        surface === "openai" && queryOf(exchange.target, "client_version") !== undefined;
      return isCodex ? codexModels : writeModels(models, surface);
    };
    return this.#options.calls.unary(ModelsService.method.listModels, request, call, encode);
  }
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
