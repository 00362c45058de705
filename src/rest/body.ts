/** Reads a request's body into the request message, as its route and content type say. */

import { create, type Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { fault } from "#errors/fault.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import { fillMask } from "./field-mask.ts";
import { FieldWriter } from "./field-writer.ts";
import type { JsonCodec } from "./json.ts";
import { type MediaType, mediaTypeFrom } from "./media-type.ts";
import { formPartsFrom } from "./multipart.ts";
import { type ParameterBinder, parametersFrom } from "./parameters.ts";
import type { BodyRule, Route } from "./route.ts";

/** What reading bodies needs. */
export interface BodyReader {
  readonly binder: ParameterBinder;
  readonly json: JsonCodec;
  readonly bytesMax: number;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The text of a body. Throws BODY_MALFORMED when it is not UTF-8. */
export function bodyText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw fault("BODY_MALFORMED", "the body is not valid UTF-8", { cause });
  }
}

/** Whether a media type is JSON; a body without a type counts as such. */
export function isJson({ type }: MediaType): boolean {
  return type === "" || type === "application/json" || /^application\/.+\+json$/.test(type);
}

/** Throws MEDIA_TYPE_UNSUPPORTED for text that is not UTF-8 and for compressed bodies. */
export function requireReadable(exchange: Exchange, media: MediaType): void {
  const charset = media.parameters.get("charset")?.toLowerCase() ?? "utf-8";
  if (charset !== "utf-8" && charset !== "utf8" && charset !== "us-ascii") {
    throw fault(
      "MEDIA_TYPE_UNSUPPORTED",
      `content-type: charset ${charset} is not taken, send utf-8`,
    );
  }
  const encoding = exchange.header("content-encoding")?.toLowerCase() ?? "identity";
  if (encoding !== "identity") {
    throw fault(
      "MEDIA_TYPE_UNSUPPORTED",
      `content-encoding: ${encoding} is not taken, send identity`,
    );
  }
}

function readJson(route: Route, json: JsonCodec, text: string): Message {
  const { input } = route.method;
  if (text === "") return create(input);
  if (route.body.kind !== "field") return json.read(input, text);
  const message = create(input);
  const { target } = route.body;
  let at: ReflectMessage = reflect(input, message);
  for (const parent of target.parents) {
    const inner = reflect(parent.message);
    at.set(parent, inner);
    at = inner;
  }
  json.readField(at.desc, at.message, target.field, text);
  if (route.maskField !== undefined) fillMask(message, route.maskField, target.field, text);
  return message;
}

async function readMultipart(
  route: Route,
  exchange: Exchange,
  reader: BodyReader,
): Promise<Message> {
  const { input } = route.method;
  const writer = new FieldWriter(create(input), input);
  const contentType = exchange.header("content-type") ?? "";
  const chunks = exchange.chunks(reader.bytesMax);
  for (const part of await formPartsFrom(chunks, contentType, reader.bytesMax)) {
    if (part.kind === "text") reader.binder.formText(route, [part.name, part.text], writer);
    else reader.binder.formFile(route, part.name, part.file, writer);
  }
  return writer.message;
}

function readUrlencoded(route: Route, text: string, binder: ParameterBinder): Message {
  const { input } = route.method;
  const writer = new FieldWriter(create(input), input);
  for (const parameter of parametersFrom(text)) binder.formText(route, parameter, writer);
  return writer.message;
}

/** A request message that holds `bytes` where `body` says, as a google.api.HttpBody. */
export function rawMessage(route: Route, contentType: string, bytes: Uint8Array): Message {
  const { input } = route.method;
  const raw = create(HttpBodySchema, { contentType, data: bytes });
  if (route.body.kind !== "field") return raw;
  const writer = new FieldWriter(create(input), input);
  writer.file(route.body.target, route.body.target.path, { bytes, contentType });
  return writer.message;
}

function isRaw(body: BodyRule): boolean {
  return body.kind !== "none" && body.raw;
}

function refuseBody(exchange: Exchange): void {
  const length = exchange.header("content-length") ?? "0";
  if (length !== "0" || exchange.header("transfer-encoding") !== undefined) {
    throw fault("REQUEST_INVALID", "this method takes no request body");
  }
}

/**
 * The request message that the body alone makes. Throws MEDIA_TYPE_UNSUPPORTED, BODY_MALFORMED,
 * REQUEST_INVALID, PARAMETER_INVALID for a form's fields, and what reading the exchange throws.
 */
export async function messageFromBody(
  route: Route,
  exchange: Exchange,
  reader: BodyReader,
): Promise<Message> {
  if (route.body.kind === "none") {
    refuseBody(exchange);
    return create(route.method.input);
  }
  const contentType = exchange.header("content-type") ?? "";
  const media = mediaTypeFrom(contentType);
  const wholeIsRaw = route.body.kind === "message" && route.body.raw;
  if (media.type === "multipart/form-data" && !wholeIsRaw) {
    return readMultipart(route, exchange, reader);
  }
  if (isRaw(route.body)) {
    return rawMessage(route, contentType, await exchange.body(reader.bytesMax));
  }
  requireReadable(exchange, media);
  if (isJson(media)) {
    return readJson(route, reader.json, bodyText(await exchange.body(reader.bytesMax)));
  }
  if (media.type === "application/x-www-form-urlencoded") {
    const text = bodyText(await exchange.body(reader.bytesMax));
    return readUrlencoded(route, text, reader.binder);
  }
  throw fault(
    "MEDIA_TYPE_UNSUPPORTED",
    `content-type: ${media.type} is not taken, send application/json, ` +
      "application/x-www-form-urlencoded or multipart/form-data",
  );
}
