/** The APIs of LLM vendors: their clients' requests become calls of ChatService, its responses their responses. */

import { create, type DescMethod } from "@bufbuild/protobuf";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import type { Clock } from "#core/clock.ts";
import type {
  Frame,
  ReadRequest,
  ResponseFacts,
  StreamWriter,
  WrittenError,
} from "#dialects/dialect.ts";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Surface } from "#exchange/door.ts";
import { type Exchange, type HeaderList, pathOf } from "#exchange/exchange.ts";
import {
  type ChatRequest,
  ChatRequestSchema,
  type ChatResponse,
  ChatService,
  type StreamChatResponse,
} from "#gen/polygate/v1/chat_pb.js";
import {
  ListModelsRequestSchema,
  type ListModelsResponse,
  ModelsService,
} from "#gen/polygate/v1/models_pb.js";
import { valuesOf } from "#interceptors/context.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { CallPath } from "#rpc/call.ts";
import { ExchangeCall } from "#rpc/exchange-call.ts";
import { parseBody } from "./json-body.ts";
import { writeModel, writeModels } from "./llm-models.ts";
import {
  type LlmChat,
  type LlmEndpoint,
  type LlmModels,
  type LlmSurfaceName,
  llmEndpointOf,
} from "./llm-paths.ts";

/** What the surface needs. */
export interface LlmSurfaceOptions {
  readonly calls: CallPath;
  readonly clock: Clock;
  /** Largest request body. */
  readonly bodyBytesMax: number;
  /** Silence after which a stream carries a sign of life. */
  readonly heartbeatMs: number;
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

function sseText({ event, data }: Frame): string {
  return event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
}

/** Gemini's clients may send their key in the query; it is never logged. */
function keyOfQuery(target: string): string | undefined {
  const query = target.indexOf("?");
  if (query < 0) return undefined;
  return new URLSearchParams(target.slice(query + 1)).get("key") ?? undefined;
}

class LlmSurface implements Surface {
  readonly #options: LlmSurfaceOptions;

  constructor(options: LlmSurfaceOptions) {
    this.#options = options;
  }

  take(exchange: Exchange, record: CallRecord): boolean | Promise<void> {
    const path = pathOf(exchange.target);
    if (path === "/api/hello" && exchange.method === "HEAD") {
      record.endpoint = path;
      exchange.respond(200, []);
      return true;
    }
    const endpoint = llmEndpointOf(path, {
      hasAnthropicVersion: exchange.header("anthropic-version") !== undefined,
      hasGoogleKey:
        exchange.header("x-goog-api-key") !== undefined ||
        keyOfQuery(exchange.target) !== undefined,
    });
    if (endpoint === undefined || !this.#options.serves.has(endpoint.surface)) return false;
    record.endpoint = endpoint.template;
    record.surface = endpoint.surface;
    return this.#serve(endpoint, exchange, record);
  }

  /** Never rejects: every failure is a response in the family's shape. */
  async #serve(endpoint: LlmEndpoint, exchange: Exchange, record: CallRecord): Promise<void> {
    const call = new ExchangeCall(exchange, valuesOf(record), endpoint.surface);
    const key = keyOfQuery(exchange.target);
    if (key !== undefined) call.header.set("x-goog-api-key", key);
    try {
      const allow = endpoint.kind === "models" ? ["GET", "HEAD"] : ["POST"];
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
        case "missing":
          throw fault(
            "ROUTE_UNKNOWN",
            "no backend does this exactly, and the gateway does not guess",
          );
      }
    } catch (thrown) {
      this.#refuse(endpoint, { exchange, call, record }, thrown);
    }
  }

  #refuse({ dialect }: LlmEndpoint, { exchange, call, record }: Served, thrown: unknown): void {
    if (exchange.started) {
      exchange.reset();
      return;
    }
    const error = faultFrom(thrown);
    const { status, headers, body }: WrittenError = dialect.writeError(error, record.requestId);
    const own = [...metadataFields(call.responseHeader), ...metadataFields(error.metadata)];
    const others = headers.filter(([name]) => name !== "x-request-id");
    exchange.respond(status, [...own, ...others, jsonType], JSON.stringify(body));
  }

  /** The request as it was read, once the caller may call. Rejects as the call itself would. */
  async #read(
    method: DescMethod,
    endpoint: LlmChat,
    { exchange, call }: Served,
  ): Promise<ReadRequest> {
    const admission = this.#options.calls.admit(method, call);
    if (admission !== undefined) await admission;
    try {
      const { bodyBytesMax } = this.#options;
      const body = exchange.takeBody(bodyBytesMax) ?? (await exchange.body(bodyBytesMax));
      return endpoint.read(parseBody(body));
    } catch (thrown) {
      throw await this.#options.calls.failed(method, call, thrown);
    }
  }

  async #chat(endpoint: LlmChat, served: Served): Promise<void> {
    const {
      request: read,
      unknown,
      includeUsage,
    } = await this.#read(ChatService.method.chat, endpoint, served);
    const { requestId } = served.record;
    const facts: ResponseFacts = {
      request: read,
      createdSeconds: Math.floor(this.#options.clock.wallMs() / 1000),
      responseId: requestId.replace(/[^\w-]/g, "_"),
      includeUsage: includeUsage === true,
    };
    const request = create(ChatRequestSchema, { ...read, stream: false, withParts: true });
    if (read.stream) await this.#stream(endpoint, served, { request, facts, unknown });
    else await this.#whole(endpoint, served, { request, facts, unknown });
  }

  async #whole(
    { dialect }: LlmChat,
    { exchange, call, record }: Served,
    {
      request,
      facts,
      unknown,
    }: { request: ChatRequest; facts: ResponseFacts; unknown: readonly string[] },
  ): Promise<void> {
    const { calls } = this.#options;
    const encode = (message: unknown) =>
      JSON.stringify(dialect.writeResponse(message as ChatResponse, facts));
    const { message, header } = await calls.unary(ChatService.method.chat, request, call, encode);
    exchange.respond(200, [...headersOf(header, unknown, record), jsonType], message);
  }

  async #stream(
    { dialect }: LlmChat,
    { exchange, call, record }: Served,
    {
      request,
      facts,
      unknown,
    }: { request: ChatRequest; facts: ResponseFacts; unknown: readonly string[] },
  ): Promise<void> {
    const writer = dialect.streamWriter(facts);
    const { calls } = this.#options;
    const input = createAsyncIterable([request]);
    const pieces = calls.stream(
      ChatService.method.streamChat,
      input,
      call,
      (message) => message as StreamChatResponse,
    );
    const headers = () => [...headersOf(pieces.header, unknown, record), ...eventStream];
    const sending = new Sending(exchange, headers);
    const silence = new AbortController();
    // It ends with the stream, or because the client is gone, which the stream notices by itself.
    this.#beat(sending, dialect.name, silence.signal).catch(() => {});
    try {
      for await (const piece of pieces.messages) {
        const frames = piece.events.flatMap((event) => writer.write(event));
        if (frames.length > 0) await sending.send(frames.map(sseText).join(""));
      }
      await sending.send(writer.end().map(sseText).join(""));
    } catch (thrown) {
      if (!exchange.started || exchange.signal.aborted) throw thrown;
      await sending.send(failureText(writer, thrown));
    } finally {
      silence.abort();
    }
    exchange.end();
  }

  async #beat(sending: Sending, dialect: string, signal: AbortSignal): Promise<void> {
    const { clock, heartbeatMs } = this.#options;
    const heartbeat =
      dialect === "anthropic" ? 'event: ping\ndata: {"type": "ping"}\n\n' : ": keep-alive\n\n";
    for (;;) {
      const seen = sending.pieces;
      await clock.sleep(heartbeatMs, signal);
      if (sending.pieces === seen) await sending.send(heartbeat);
    }
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

function failureText(writer: StreamWriter, thrown: unknown): string {
  return writer.fail(faultFrom(thrown)).map(sseText).join("");
}

/** Headers of a response; parameters that nobody knew are named among the dropped ones. */
function headersOf(
  header: Headers,
  unknown: readonly string[],
  { requestId }: CallRecord,
): HeaderList {
  const fields = [...metadataFields(header)].filter(([name]) => name !== "x-polygate-dropped");
  const dropped = [...(header.get("x-polygate-dropped")?.split(",") ?? []), ...unknown];
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

/** The written part of one stream. */
class Sending {
  readonly #exchange: Exchange;
  readonly #headers: () => HeaderList;
  /** Pieces sent so far, by which a heartbeat sees whether there was silence. */
  pieces = 0;

  constructor(exchange: Exchange, headers: () => HeaderList) {
    this.#exchange = exchange;
    this.#headers = headers;
  }

  async send(text: string): Promise<void> {
    this.pieces += 1;
    if (!this.#exchange.started) this.#exchange.start(200, this.#headers());
    if (text !== "") await this.#exchange.write(text);
  }
}

/** The surface of the vendors that a listener serves. */
export function createLlmSurface(options: LlmSurfaceOptions): Surface {
  return new LlmSurface(options);
}
