/** Makes a call and writes what it gives as the HTTP answer. */

import { type DescMethod, isMessage, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { fault } from "#errors/fault.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import { metadataFields } from "#protocol/metadata.ts";
import type { Answer, CallPath } from "#rpc/call.ts";
import type { CallInit } from "#rpc/call-scope.ts";
import type { JsonCodec } from "./json.ts";
import { preferredOf } from "./media-type.ts";
import { sendRaw, sendRawStream } from "./raw-answer.ts";
import type { Route } from "./route.ts";
import { type StreamSending, sendStream } from "./stream-answer.ts";
import { streamFormats } from "./stream-format.ts";

/** What answering one request needs. */
export interface Answering {
  readonly calls: CallPath;
  readonly json: JsonCodec;
  readonly stream: Omit<StreamSending, "format" | "write">;
}

/** The route as the request has it: with the streaming sibling when the request asks for that. */
export function switchedRoute(route: Route, input: Message): Route {
  if (route.streamSwitch === undefined) return route;
  const { field, method } = route.streamSwitch;
  return reflect(route.method.input, input).get(field) === true ? { ...route, method } : route;
}

function accepted<T extends { readonly contentType: string }>(
  exchange: Exchange,
  offers: readonly [T, ...T[]],
): T {
  const types = offers.map(({ contentType }) => contentType);
  const type = preferredOf(exchange.header("accept"), types);
  const offer = offers.find(({ contentType }) => contentType === type);
  if (offer !== undefined) return offer;
  throw fault("NOT_ACCEPTABLE", `accept: the answer can be ${types.join(" or ")}`);
}

function isRaw({ method, responseField }: Route): boolean {
  const body = responseField === undefined ? method.output : responseField.message;
  return body?.typeName === HttpBodySchema.typeName;
}

/** The part of an answer's message that is the body. */
function bodyOf({ method, responseField }: Route, message: Message): unknown {
  if (responseField?.fieldKind !== "message") return message;
  return reflect(method.output, message).get(responseField).message;
}

function jsonOf({ method, responseField }: Route, json: JsonCodec, message: Message): string {
  if (responseField === undefined) return json.write(method.output, message);
  return json.writeField(method.output, message, responseField);
}

const jsonOffer = [{ contentType: "application/json" }] as const;

/** An answer with its only message. It is read to its end: to leave it early would cancel the call. */
async function onlyOf(
  answer: Answer,
  { name }: DescMethod,
): Promise<Answer & { message: Message }> {
  let only: Message | undefined;
  for await (const message of answer.messages) only ??= message;
  if (only === undefined) throw fault("INTERNAL", `${name} gave no answer`);
  return { ...answer, message: only };
}

/** Calls a method that answers with one message, and sends that. */
export async function answerOnce(
  route: Route,
  exchange: Exchange,
  answering: Answering,
  { init, input }: { readonly init: CallInit; readonly input: Message | AsyncIterable<Message> },
): Promise<void> {
  const { calls, json } = answering;
  if (!isRaw(route)) accepted(exchange, jsonOffer);
  const answer =
    Symbol.asyncIterator in input
      ? await onlyOf(calls.stream(route.method, input, init), route.method)
      : await calls.unary(route.method, input, init);
  const { message } = answer;
  const headers = [...metadataFields(answer.header), ...metadataFields(answer.trailer, "trailer-")];
  const body = bodyOf(route, message);
  if (isMessage(body, HttpBodySchema)) {
    sendRaw(exchange, body, headers);
    return;
  }
  const text = jsonOf(route, json, message);
  exchange.respond(200, [...headers, ["content-type", "application/json"]], text);
}

/** Calls a method that answers with a stream, and sends its messages as they come. */
export async function answerStream(
  route: Route,
  exchange: Exchange,
  answering: Answering,
  { init, input }: { readonly init: CallInit; readonly input: AsyncIterable<Message> },
): Promise<void> {
  const { calls, json, stream } = answering;
  if (isRaw(route)) {
    const answer = calls.stream(route.method, input, init);
    await sendRawStream(exchange, answer, (message) => bodyOf(route, message));
    return;
  }
  const format = accepted(exchange, streamFormats);
  if (exchange.method === "HEAD") {
    exchange.respond(200, [["content-type", format.contentType]]);
    return;
  }
  const write = (message: Message) => jsonOf(route, json, message);
  await sendStream(exchange, calls.stream(route.method, input, init), { ...stream, format, write });
}
