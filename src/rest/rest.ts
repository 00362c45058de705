/** The google.api.http transcoder: finds the RPC that an HTTP request means, calls it, writes its answer. */

import type { DescMethod, Message } from "@bufbuild/protobuf";
import { isMessage } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { ConnectError, ContextValues } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { type Exchange, pathOf } from "#exchange/exchange.ts";
import type { HttpRule } from "#gen/google/api/http_pb.js";
import { HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import type { CallInit, CallPath } from "#rpc/call.ts";
import { type BodyReader, messageFromBody } from "./body.ts";
import { timeoutMsFrom } from "./deadline.ts";
import { errorJson, restErrorBody } from "./error-body.ts";
import { FieldIndex } from "./field-path.ts";
import { FieldWriter } from "./field-writer.ts";
import { createJsonCodec, type JsonCodec, type JsonOptions, registryOf } from "./json.ts";
import { preferredOf } from "./media-type.ts";
import { metadataHeaders, requestMetadata } from "./metadata.ts";
import { ParameterBinder } from "./parameters.ts";
import { sendRaw, sendRawStream } from "./raw-answer.ts";
import type { Route } from "./route.ts";
import { Router } from "./router.ts";
import { sendStream } from "./stream-answer.ts";
import { type StreamFormat, streamFormats } from "./stream-format.ts";

/** How requests are read and answers written. */
export interface RestOptions {
  /** Greatest size of a request body, in bytes. */
  readonly bodyBytesMax: number;
  /** Greatest length of a request's path and query; default 16384. */
  readonly targetBytesMax?: number;
  readonly json?: JsonOptions;
  /** Rules beside the annotations, which win over those of the same method. */
  readonly rules?: readonly HttpRule[];
  /** Query parameters passed over where no field takes them; `utm_*` means a beginning. Default none. */
  readonly ignoredQueryParameters?: readonly string[];
  readonly clock: Clock;
  /** Silence after which server-sent events carry a comment, in milliseconds; default 15000. */
  readonly heartbeatMs?: number;
}

/** What the front door adds to a request. */
export interface RestRequest {
  readonly requestId: string;
  readonly values: ContextValues;
}

/** What a request's method and path mean; undefined: nothing here. */
export type RestMatch =
  /** `pattern` is the template, fit for a label. */
  | {
      readonly kind: "route";
      readonly pattern: string;
      readonly route: Route;
      readonly captures: readonly string[];
    }
  /** The path takes other methods. An OPTIONS request is told of them; any other gets 405. */
  | { readonly kind: "wrong-method"; readonly pattern: string; readonly allow: readonly string[] }
  | { readonly kind: "malformed"; readonly error: ConnectError }
  | undefined;

/** The transcoder. */
export interface Rest {
  match(method: string, target: string): RestMatch;
  /** Answers a matched request. Never rejects: every failure is an answer in the REST shape. */
  serve(exchange: Exchange, match: NonNullable<RestMatch>, request: RestRequest): Promise<void>;
}

const unprintable = /[^\x21-\x7e]/;

class Transcoder implements Rest {
  readonly #calls: CallPath;
  readonly #router: Router;
  readonly #binder: ParameterBinder;
  readonly #json: JsonCodec;
  readonly #reader: BodyReader;
  readonly #options: RestOptions;

  constructor(calls: CallPath, options: RestOptions) {
    const index = new FieldIndex();
    this.#calls = calls;
    this.#options = options;
    this.#router = new Router(calls.services, options.rules ?? [], index);
    this.#binder = new ParameterBinder(index, options.ignoredQueryParameters ?? []);
    this.#json = createJsonCodec(options.json ?? {}, registryOf(calls.services));
    this.#reader = { binder: this.#binder, json: this.#json, bytesMax: options.bodyBytesMax };
  }

  match(method: string, target: string): RestMatch {
    const bytesMax = this.#options.targetBytesMax ?? 16_384;
    if (!target.startsWith("/")) return undefined;
    if (target.length > bytesMax) {
      const error = fault("TARGET_TOO_LONG", `path and query exceed ${bytesMax} bytes`);
      return { kind: "malformed", error };
    }
    if (unprintable.test(target)) {
      const error = fault("REQUEST_INVALID", "path: percent-encode all but printable ASCII");
      return { kind: "malformed", error };
    }
    try {
      const found = this.#router.find(method, pathOf(target));
      if (found === undefined) return undefined;
      const pattern = found.route.template.text;
      if (!found.ok) return { kind: "wrong-method", pattern, allow: found.allow };
      return { kind: "route", pattern, route: found.route, captures: found.captures };
    } catch (error) {
      return { kind: "malformed", error: faultFrom(error) };
    }
  }

  async serve(
    exchange: Exchange,
    match: NonNullable<RestMatch>,
    request: RestRequest,
  ): Promise<void> {
    try {
      switch (match.kind) {
        case "route":
          await this.#answer(exchange, match, request);
          return;
        case "wrong-method":
          refuseMethod(exchange, match.allow);
          return;
        case "malformed":
          throw match.error;
      }
    } catch (error) {
      this.#fail(exchange, faultFrom(error), request);
    }
  }

  #fail(exchange: Exchange, error: ConnectError, request: RestRequest): void {
    if (exchange.started) {
      exchange.reset();
      return;
    }
    const { status, headers, body } = restErrorBody(error, this.#factsOf(request));
    exchange.respond(status, headers, body);
  }

  #factsOf({ requestId }: RestRequest) {
    return { requestId, wallMs: this.#options.clock.wallMs() };
  }

  async #answer(
    exchange: Exchange,
    { route, captures }: { readonly route: Route; readonly captures: readonly string[] },
    request: RestRequest,
  ): Promise<void> {
    const init = callInit(exchange, request);
    const input = await this.#read(exchange, route, captures);
    const method = switched(route, input);
    if (method.methodKind === "unary") {
      await this.#answerUnary(exchange, route, input, init);
    } else {
      await this.#answerStream(exchange, { ...route, method }, input, { init, request });
    }
  }

  /** The request message: the body first, then the path over it, then the query beside it. */
  async #read(exchange: Exchange, route: Route, captures: readonly string[]): Promise<Message> {
    const message = await messageFromBody(route, exchange, this.#reader);
    const writer = new FieldWriter(message, route.method.input);
    this.#binder.path(route, captures, writer);
    const question = exchange.target.indexOf("?");
    if (question >= 0) this.#binder.query(route, exchange.target.slice(question + 1), writer);
    return message;
  }

  async #answerUnary(
    exchange: Exchange,
    route: Route,
    input: Message,
    init: CallInit,
  ): Promise<void> {
    const raw = isRawAnswer(route);
    if (!raw) requireAccepted(exchange, ["application/json"]);
    const answer = await this.#calls.unary(route.method, input, init);
    const headers = [
      ...metadataHeaders(answer.header),
      ...metadataHeaders(answer.trailer, "trailer-"),
    ];
    const body = bodyOf(route, answer.message);
    if (isMessage(body, HttpBodySchema)) {
      sendRaw(exchange, body, headers);
      return;
    }
    const json = this.#write(route, answer.message);
    exchange.respond(200, [...headers, ["content-type", "application/json"]], json);
  }

  async #answerStream(
    exchange: Exchange,
    route: Route,
    input: Message,
    { init, request }: { readonly init: CallInit; readonly request: RestRequest },
  ): Promise<void> {
    const call = () => this.#calls.stream(route.method, createAsyncIterable([input]), init);
    if (isRawAnswer(route)) {
      await sendRawStream(exchange, call(), (message) => bodyOf(route, message));
      return;
    }
    const type = requireAccepted(exchange, [...streamFormats.keys()]);
    const format = streamFormats.get(type) as StreamFormat;
    if (exchange.method === "HEAD") {
      exchange.respond(200, [["content-type", format.contentType]]);
      return;
    }
    await sendStream(exchange, call(), {
      format,
      clock: this.#options.clock,
      heartbeatMs: this.#options.heartbeatMs ?? 15_000,
      write: (message) => this.#write(route, message),
      errorJson: (error) => errorJson(error, this.#factsOf(request)),
    });
  }

  #write({ method, responseField }: Route, message: Message): string {
    if (responseField === undefined) return this.#json.write(method.output, message);
    return this.#json.writeField(method.output, message, responseField);
  }
}

/** The method that answers: its streaming sibling when the request asks for that. */
function switched({ method, streamSwitch }: Route, input: Message): DescMethod {
  if (streamSwitch === undefined) return method;
  return reflect(method.input, input).get(streamSwitch.field) === true
    ? streamSwitch.method
    : method;
}

function isRawAnswer({ method, responseField }: Route): boolean {
  const body = responseField === undefined ? method.output : responseField.message;
  return body?.typeName === HttpBodySchema.typeName;
}

/** The part of an answer that is the body. */
function bodyOf({ method, responseField }: Route, message: Message): unknown {
  if (responseField?.fieldKind !== "message") return message;
  return reflect(method.output, message).get(responseField).message;
}

function requireAccepted(exchange: Exchange, offers: readonly string[]): string {
  const type = preferredOf(exchange.header("accept"), offers);
  if (type === undefined) {
    throw fault("NOT_ACCEPTABLE", `accept: the answer can be ${offers.join(", ")}`);
  }
  return type;
}

function refuseMethod(exchange: Exchange, allow: readonly string[]): void {
  const headers = { allow: allow.join(", ") };
  if (exchange.method === "OPTIONS") {
    exchange.respond(204, Object.entries(headers));
    return;
  }
  const text = `${exchange.method} is not allowed here, only ${headers.allow}`;
  throw fault("METHOD_NOT_ALLOWED", text, { headers });
}

function callInit(exchange: Exchange, request: RestRequest): CallInit {
  const timeoutMs = timeoutMsFrom((name) => exchange.header(name));
  const scheme = exchange.peer.encrypted ? "https" : "http";
  return {
    header: requestMetadata(exchange),
    signal: exchange.signal,
    values: request.values,
    url: `${scheme}://${exchange.authority}${exchange.target}`,
    httpMethod: exchange.method,
    protocol: "rest",
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

/** The transcoder of the services behind `calls`. Throws an Error for a rule that cannot be. */
export function createRest(calls: CallPath, options: RestOptions): Rest {
  return new Transcoder(calls, options);
}
