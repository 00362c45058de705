/** The google.api.http transcoder: finds the RPC that an HTTP request means, calls it, writes its response. */

import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { ConnectError, ContextValues } from "@connectrpc/connect";
import { ByteBudget } from "#core/byte-budget.ts";
import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { Compression, type CompressionOptions, defaultCompression } from "#exchange/compression.ts";
import { type Exchange, pathOf } from "#exchange/exchange.ts";
import type { Upgrade } from "#exchange/upgrade.ts";
import type { HttpRule } from "#gen/google/api/http_pb.js";
import type { LimitsOf } from "#protobuf/field-limits.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { CallPath } from "#rpc/call.ts";
import { registryOf } from "#rpc/codec.ts";
import { ExchangeCall } from "#rpc/exchange-call.ts";
import { admitted, inTime, received } from "#rpc/intake.ts";
import { once } from "#rpc/once.ts";
import type { BodyReading } from "./body.ts";
import { type ErrorResponse, errorJson, restErrorBody } from "./error-body.ts";
import { FieldIndex } from "./field-path.ts";
import { createJsonCodec, type JsonByMethod, type JsonCodec, type JsonOptions } from "./json.ts";
import type { MethodExtrasOf } from "./method-extras.ts";
import { ParameterBinder } from "./parameters.ts";
import { refuse } from "./refusal.ts";
import { messageOf, messagesOf, readTimeout } from "./request.ts";
import { type Responding, respondOnce, respondStream, switchedRoute } from "./response.ts";
import { nameOf, type Route } from "./route.ts";
import { type Routed, type RouteMatch, Router } from "./router.ts";
import { callOverSocket } from "./websocket-call.ts";

/** How requests are read and responses written. */
export interface RestOptions {
  /** Greatest size of a request body, in bytes. */
  readonly bodyBytesMax: number;
  /**
   * Greatest size of a form with files, or of a file that is the body, in bytes; default bodyBytesMax,
   * and streamBytesMax for one that a method takes in pieces.
   */
  readonly uploadBytesMax?: number;
  /** Greatest size of a request body that streams its messages, in bytes; default bodyBytesMax. */
  readonly streamBytesMax?: number;
  /** Greatest length of a request's path and query; default 16384. */
  readonly targetBytesMax?: number;
  /** Greatest number of list items and object members in one JSON text; default 100,000. */
  readonly elementsMax?: number | undefined;
  /** Bounds of single fields, which hold while JSON is read; default none. */
  readonly limitsOf?: LimitsOf | undefined;
  readonly json?: JsonOptions;
  readonly jsonByMethod?: JsonByMethod;
  /** Rules besides the annotations, which win over those of the same method; one per method. */
  readonly rules?: readonly HttpRule[];
  /** Fields of methods that ask for a stream or take uploads; default none. */
  readonly extrasOf?: MethodExtrasOf;
  /** Query parameters passed over where no field takes them; `utm_*` means a beginning. Default none. */
  readonly ignoredQueryParameters?: readonly string[];
  readonly clock: Clock;
  /** Silence after which events carry a comment and WebSockets a ping, in milliseconds; default 15000. */
  readonly heartbeatMs?: number;
  /** Which responses are compressed for clients that take it; default: from 1 KiB on, by every coding. */
  readonly compression?: CompressionOptions;
  /** Whoever may not call is told why over the WebSocket, which pages can read, and not by its handshake; default no. */
  readonly tellsRefusals?: boolean;
}

/** What the request entry adds to a request. */
export interface RestRequest {
  readonly requestId: string;
  readonly values: ContextValues;
}

/** What a request's method and path mean; undefined: nothing here. */
export type RestMatch =
  /** `pattern` is the template, fit for a label. */
  | ({ readonly kind: "route"; readonly pattern: string } & RouteMatch)
  /** The path takes other methods. An OPTIONS request is notified of them; any other gets 405. */
  | { readonly kind: "wrong-method"; readonly pattern: string; readonly allow: readonly string[] }
  | { readonly kind: "malformed"; readonly error: ConnectError }
  | undefined;

/** The transcoder. */
export interface Rest {
  match(method: string, target: string): RestMatch;
  /** Responds to a matched request. Never rejects: every failure is a response in the REST shape. */
  serve(exchange: Exchange, match: NonNullable<RestMatch>, request: RestRequest): Promise<void>;
  /** What the path of a WebSocket means: streaming methods alone, whatever their HTTP method. */
  matchUpgrade(target: string): RestMatch;
  /** Takes a WebSocket over: a streaming call, or a refusal in the REST shape. Never rejects. */
  upgrade(upgrade: Upgrade, match: RestMatch, request: RestRequest): Promise<void>;
}

/** A request and the route that it means. */
interface Asked {
  readonly exchange: Exchange;
  readonly match: RouteMatch;
  readonly request: RestRequest;
}

/** What all WebSockets may hold of unfinished messages: so much, or so many of the greatest size. */
const heldBytesMin = 64 * 1024 * 1024;
const heldMessages = 4;
const unprintable = /[^\x21-\x7e]/;

/** Whether a method is one of the services, and not served. */
function isLeftOut({ services, methods }: CallPath, isIt: (method: DescMethod) => boolean) {
  return services.some((service) => service.methods.some(isIt)) && !methods.some(isIt);
}

/** A codec for each method; those without options of their own share one. */
function codecsOf(routes: readonly Route[], calls: CallPath, options: RestOptions) {
  const { json = {}, jsonByMethod = {}, elementsMax, limitsOf } = options;
  const setup = { registry: registryOf(calls.services), elementsMax, limitsOf };
  const shared = createJsonCodec(json, setup);
  const codecs = new Map<DescMethod, JsonCodec>(routes.map(({ method }) => [method, shared]));
  for (const [name, own] of Object.entries(jsonByMethod)) {
    const isNamed = (method: DescMethod) => nameOf(method) === name;
    const methods = [...codecs.keys()].filter(isNamed);
    // It may be served elsewhere.
    if (methods.length === 0 && isLeftOut(calls, isNamed)) continue;
    if (methods.length === 0) throw new Error(`JSON options for ${name}: no route leads there`);
    const codec = createJsonCodec({ ...json, ...own }, setup);
    for (const method of methods) codecs.set(method, codec);
  }
  return (method: DescMethod): JsonCodec => codecs.get(method) ?? shared;
}

class Transcoder implements Rest {
  readonly #calls: CallPath;
  readonly #router: Router;
  readonly #binder: ParameterBinder;
  readonly #codecOf: (method: DescMethod) => JsonCodec;
  readonly #options: RestOptions;
  readonly #heartbeatMs: number;
  readonly #compression: Compression;
  readonly #clocked: { readonly clock: Clock };
  /** What unfinished messages of all WebSockets hold. */
  readonly #held: ByteBudget;

  constructor(calls: CallPath, options: RestOptions) {
    const index = new FieldIndex();
    this.#calls = calls;
    this.#options = options;
    this.#clocked = { clock: options.clock };
    this.#heartbeatMs = options.heartbeatMs ?? 15_000;
    this.#compression = new Compression(options.compression ?? defaultCompression);
    this.#held = new ByteBudget(Math.max(heldBytesMin, heldMessages * options.bodyBytesMax));
    const served = new Set(calls.methods);
    const isServed = (method: DescMethod) => served.has(method);
    const { rules = [], extrasOf } = options;
    this.#router = new Router(calls.services, rules, index, { extrasOf, isServed });
    this.#binder = new ParameterBinder(index, options.ignoredQueryParameters ?? []);
    this.#codecOf = codecsOf(this.#router.routes, calls, options);
  }

  match(method: string, target: string): RestMatch {
    return this.#match(target, (path) => this.#router.find(method, path));
  }

  matchUpgrade(target: string): RestMatch {
    return this.#match(target, (path) => this.#router.findStream(path));
  }

  serve(exchange: Exchange, match: NonNullable<RestMatch>, request: RestRequest): Promise<void> {
    const call = new ExchangeCall(exchange, request.values, "rest", this.#clocked);
    const fail = (thrown: unknown) =>
      this.#fail(exchange, call, restErrorBody(faultFrom(thrown), this.#factsOf(request)));
    // Not an asynchronous function, like those that it calls: each would cost every call.
    try {
      switch (match.kind) {
        case "route":
          return this.#answer(call, { exchange, match, request }).catch(fail);
        case "wrong-method":
          refuseWrongMethod(exchange, match.allow);
          return Promise.resolve();
        case "malformed":
          throw match.error;
      }
    } catch (thrown) {
      return fail(thrown);
    }
  }

  async upgrade(upgrade: Upgrade, match: RestMatch, request: RestRequest): Promise<void> {
    if (match?.kind !== "route") {
      const error = match?.kind === "malformed" ? match.error : undefined;
      const unknown = fault("ROUTE_UNKNOWN", "no stream has this path");
      refuse(upgrade, error ?? unknown, this.#factsOf(request));
      return;
    }
    const reading = this.#reading(this.#codecOf(match.route.method));
    const { clock, tellsRefusals = false } = this.#options;
    const heartbeatMs = this.#heartbeatMs;
    await callOverSocket(match, upgrade, {
      calls: this.#calls,
      reading,
      options: { clock, heartbeatMs, messageBytesMax: reading.bytesMax, held: this.#held },
      values: request.values,
      tellsRefusals,
      facts: () => this.#factsOf(request),
    });
  }

  #match(target: string, find: (path: string) => Routed | undefined): RestMatch {
    if (!target.startsWith("/")) return undefined;
    try {
      this.#requireTarget(target);
      const found = find(pathOf(target));
      if (found === undefined) return undefined;
      const pattern = found.route.template.text;
      if (!found.ok) return { kind: "wrong-method", pattern, allow: found.allow };
      return { kind: "route", pattern, route: found.route, captures: found.captures };
    } catch (error) {
      return { kind: "malformed", error: faultFrom(error) };
    }
  }

  #requireTarget(target: string): void {
    const bytesMax = this.#options.targetBytesMax ?? 16_384;
    if (target.length > bytesMax) {
      throw fault("TARGET_TOO_LONG", `path and query exceed ${bytesMax} bytes`);
    }
    if (unprintable.test(target)) {
      throw fault("REQUEST_INVALID", "path: percent-encode all but printable ASCII");
    }
  }

  #answer(init: ExchangeCall, asked: Asked): Promise<void> {
    const { method } = asked.match.route;
    const head = admitted(this.#calls, method, init, () => readTimeout(init, asked.exchange));
    return head instanceof Promise
      ? head.then(() => this.#answerAdmitted(init, asked))
      : this.#answerAdmitted(init, asked);
  }

  #answerAdmitted(init: ExchangeCall, { exchange, match, request }: Asked): Promise<void> {
    const { method } = match.route;
    const json = this.#codecOf(method);
    const reading = this.#reading(json);
    const answering = this.#answering(json, request);
    if (method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming") {
      const input = messagesOf(match, exchange, reading);
      const answer = method.methodKind === "bidi_streaming" ? respondStream : respondOnce;
      return answer(match.route, exchange, answering, { init, input });
    }
    const answerTo = (input: Message) => {
      const route = switchedRoute(match.route, exchange, input);
      return route.method.methodKind === "unary"
        ? respondOnce(route, exchange, answering, { init, input })
        : respondStream(route, exchange, answering, { init, input: once(input) });
    };
    const message = received(this.#calls, method, init, () => {
      const read = messageOf(match, exchange, reading);
      return read instanceof Promise ? inTime(this.#calls, init, () => read) : read;
    });
    return message instanceof Promise ? message.then(answerTo) : answerTo(message);
  }

  #reading(json: JsonCodec): BodyReading {
    const { bodyBytesMax: bytesMax, streamBytesMax = bytesMax } = this.#options;
    const { uploadBytesMax = bytesMax } = this.#options;
    const { uploadBytesMax: streamedFileBytesMax = streamBytesMax } = this.#options;
    return {
      binder: this.#binder,
      json,
      bytesMax,
      uploadBytesMax,
      streamBytesMax,
      streamedFileBytesMax,
    };
  }

  #answering(json: JsonCodec, request: RestRequest): Responding {
    const stream = {
      clock: this.#options.clock,
      heartbeatMs: this.#heartbeatMs,
      errorJson: (error: ConnectError) => errorJson(error, this.#factsOf(request)),
    };
    return { calls: this.#calls, json, compression: this.#compression, stream };
  }

  /** Responds with an error, and with the metadata that the handler had set by then. */
  async #fail(
    exchange: Exchange,
    { responseHeader, responseTrailer }: ExchangeCall,
    { status, headers, body }: ErrorResponse,
  ): Promise<void> {
    if (exchange.started) {
      exchange.reset();
      return;
    }
    try {
      const fields = [
        ...metadataFields(responseHeader),
        ...metadataFields(responseTrailer, "trailer-"),
        ...headers,
      ];
      await this.#compression.respond(exchange, status, fields, body);
    } catch {
      // Metadata that is no header field: no one can be notified, but no one may wait either.
      exchange.reset();
    }
  }

  #factsOf({ requestId }: RestRequest) {
    return { requestId, wallMs: this.#options.clock.wallMs() };
  }
}

/** An OPTIONS request asks for the methods; any other is notified of them with its refusal. */
function refuseWrongMethod(exchange: Exchange, allow: readonly string[]): void {
  const list = allow.join(", ");
  if (exchange.method === "OPTIONS") {
    exchange.respond(204, [["allow", list]]);
    return;
  }
  throw fault("METHOD_NOT_ALLOWED", `${exchange.method} is not allowed here, only ${list}`, {
    headers: { allow: list },
  });
}

/** The transcoder of the services behind `calls`. Throws a RuleError or a ClashError for rules that cannot be. */
export function createRest(calls: CallPath, options: RestOptions): Rest {
  return new Transcoder(calls, options);
}
