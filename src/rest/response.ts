/** Makes a call and writes what it gives as the HTTP response. */

import { type DescMethod, isMessage, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { fault } from "#errors/fault.ts";
import type { Compression } from "#exchange/compression.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { type HttpBody, HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import { preferredOf } from "#http/media-type.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { CallPath, CallResponse, Encode } from "#rpc/call.ts";
import type { CallInit } from "#rpc/call-scope.ts";
import type { JsonCodec } from "./json.ts";
import { sendRaw, sendRawStream } from "./raw-response.ts";
import type { Route } from "./route.ts";
import { streamFormats } from "./stream-format.ts";
import { type StreamSending, sendStream } from "./stream-response.ts";

/** What responding to one request needs. */
export interface Responding {
  readonly calls: CallPath;
  readonly json: JsonCodec;
  /** Sends responses of one message. */
  readonly compression: Compression;
  readonly stream: Omit<StreamSending, "format">;
}

/** Types that a method with a streaming sibling responds with; the first is its own. */
const switchOffers = [
  "application/json",
  ...streamFormats.map(({ contentType }) => contentType),
] as const;

/**
 * The route as the request has it: with the streaming sibling when its message or its Accept field
 * asks for that.
 */
export function switchedRoute(
  route: Route,
  exchange: Pick<Exchange, "header">,
  input: Message,
): Route {
  if (route.streamSwitch === undefined) return route;
  const { field, method } = route.streamSwitch;
  const wanted = preferredOf(exchange.header("accept"), switchOffers) ?? switchOffers[0];
  const streams =
    wanted !== switchOffers[0] || reflect(route.method.input, input).get(field) === true;
  return streams ? { ...route, method } : route;
}

function accepted<T extends { readonly contentType: string }>(
  exchange: Exchange,
  offers: readonly [T, ...T[]],
): T {
  const types = offers.map(({ contentType }) => contentType);
  const type = preferredOf(exchange.header("accept"), types);
  const offer = offers.find(({ contentType }) => contentType === type);
  if (offer !== undefined) return offer;
  throw fault("NOT_ACCEPTABLE", `accept: the response can be ${types.join(" or ")}`);
}

function isRaw({ method, responseField }: Route): boolean {
  const body = responseField === undefined ? method.output : responseField.message;
  return body?.typeName === HttpBodySchema.typeName;
}

/** The part of a response's message that is the body. */
function bodyOf({ method, responseField }: Route, message: Message): unknown {
  if (responseField?.fieldKind !== "message") return message;
  return reflect(method.output, message).get(responseField).message;
}

function jsonOf({ method, responseField }: Route, json: JsonCodec, message: Message): string {
  if (responseField === undefined) return json.write(method.output, message);
  return json.writeField(method.output, message, responseField);
}

const jsonOffer = [{ contentType: "application/json" }] as const;
const jsonType = ["content-type", "application/json"] as const;

/** What is sent of a response's message: JSON, or the body that the method gives itself. */
type Content = string | HttpBody;

function contentOf(route: Route, json: JsonCodec): Encode<Content> {
  return (message) => {
    const body = bodyOf(route, message);
    return isMessage(body, HttpBodySchema) ? body : jsonOf(route, json, message);
  };
}

/** A response with its only message. It is read to its end: to leave it early would cancel the call. */
async function onlyOf<T>(
  answer: CallResponse<T>,
  { name }: DescMethod,
): Promise<CallResponse<T> & { message: T }> {
  let only: T | undefined;
  for await (const message of answer.messages) only ??= message;
  if (only === undefined) throw fault("INTERNAL", `${name} gave no response`);
  return { ...answer, message: only };
}

/** Calls a method that responds with one message, and sends that. Throws as well as rejects. */
export function respondOnce(
  route: Route,
  exchange: Exchange,
  answering: Responding,
  { init, input }: { readonly init: CallInit; readonly input: Message | AsyncIterable<Message> },
): Promise<void> {
  const { calls, json, compression } = answering;
  if (!isRaw(route)) accepted(exchange, jsonOffer);
  compression.requireAcceptable(exchange);
  const encode = contentOf(route, json);
  const answer =
    Symbol.asyncIterator in input
      ? onlyOf(calls.stream(route.method, input, init, encode), route.method)
      : calls.unary(route.method, input, init, encode);
  return answer.then(({ message: content, header, trailer }) => {
    const headers = [...metadataFields(header), ...metadataFields(trailer, "trailer-")];
    if (typeof content !== "string") return sendRaw(exchange, content, { headers, compression });
    headers.push(jsonType);
    return compression.respond(exchange, 200, headers, content);
  });
}

/** Calls a method that responds with a stream, and sends its messages as they come. */
export async function respondStream(
  route: Route,
  exchange: Exchange,
  answering: Responding,
  { init, input }: { readonly init: CallInit; readonly input: AsyncIterable<Message> },
): Promise<void> {
  const { calls, json, stream } = answering;
  if (isRaw(route)) {
    const bodies = calls.stream(route.method, input, init, (message) => bodyOf(route, message));
    await sendRawStream(exchange, bodies);
    return;
  }
  const format = accepted(exchange, streamFormats);
  if (exchange.method === "HEAD") {
    exchange.respond(200, [["content-type", format.contentType]]);
    return;
  }
  const texts = calls.stream(route.method, input, init, (message) => jsonOf(route, json, message));
  await sendStream(exchange, texts, { ...stream, format });
}
