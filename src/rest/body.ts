/** Reads a request's body into request messages, as its route and content type say. */

import { create, type Message } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { BodyProgress } from "#core/body-progress.ts";
import { free } from "#core/free.ts";
import { turns } from "#core/turns.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import { type MediaType, mediaTypeFrom } from "#http/media-type.ts";
import { FieldWriter } from "./field-writer.ts";
import { messageFromMultipart, messageFromUrlencoded } from "./form.ts";
import type { JsonCodec } from "./json.ts";
import { messageFromJson } from "./json-body.ts";
import { jsonItemsFrom, jsonLinesFrom, StreamProgress } from "./json-stream.ts";
import type { ParameterBinder } from "./parameters.ts";
import type { Route } from "./route.ts";
import { messageFromUpload, takesBody } from "./upload.ts";

/** What reading bodies needs. */
export interface BodyReading {
  readonly binder: ParameterBinder;
  readonly json: JsonCodec;
  /** Greatest size of a body, or of one message of a streamed body. */
  readonly bytesMax: number;
  /** Greatest size of a form with files, or of a file that is the body. */
  readonly uploadBytesMax: number;
  /** Greatest size of a streamed body. */
  readonly streamBytesMax: number;
  /** Greatest size of a streamed body that is a file. */
  readonly streamedFileBytesMax: number;
}

const formTypes = ["application/x-www-form-urlencoded", "multipart/form-data"];
const lineTypes = ["application/x-ndjson", "application/ndjson", "application/jsonl"];
const utf8 = new TextDecoder("utf-8", { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw fault("BODY_MALFORMED", "the body is not valid UTF-8", { cause });
  }
}

/** The text of a whole body, which no one reads any more after that. */
function textInsteadOf(body: Uint8Array): string {
  const text = textOf(body);
  free(body);
  return text;
}

/** Whether a media type is JSON; a body without a type counts as such. */
function isJson({ type }: MediaType): boolean {
  return type === "" || type === "application/json" || /^application\/.+\+json$/.test(type);
}

function unsupported(problem: string): ConnectError {
  return fault("MEDIA_TYPE_UNSUPPORTED", problem);
}

function unsupportedType(type: string, taken: readonly string[]): ConnectError {
  return unsupported(`content-type: ${type} is not taken, send ${taken.join(" or ")}`);
}

/** Throws MEDIA_TYPE_UNSUPPORTED for text that is not UTF-8 and for compressed bodies. */
function requireReadable(exchange: Exchange, media: MediaType): void {
  const charset = media.parameters.get("charset")?.toLowerCase() ?? "utf-8";
  if (charset !== "utf-8" && charset !== "utf8" && charset !== "us-ascii") {
    throw unsupported(`content-type: charset ${charset} is not taken, send utf-8`);
  }
  const encoding = exchange.header("content-encoding")?.toLowerCase() ?? "identity";
  if (encoding !== "identity") {
    throw unsupported(`content-encoding: ${encoding} is not taken, send identity`);
  }
}

function bodyRefused(cause?: unknown): ConnectError {
  return fault("REQUEST_INVALID", "this method takes no request body", { cause });
}

/**
 * Whether a request ends with its head; undefined when that has yet to be seen: chunks, and frames of
 * HTTP/2, come unannounced, and may be none. Throws REQUEST_INVALID for an announced body.
 */
function endsWithHead(exchange: Exchange): boolean | undefined {
  const length = exchange.header("content-length");
  if (length !== undefined) {
    if (Number(length) === 0) return true;
    throw bodyRefused();
  }
  const isOpen = exchange.httpVersion === "2" || exchange.header("transfer-encoding") !== undefined;
  return isOpen ? undefined : true;
}

/** Sees an unannounced body to its end, which must be its beginning. Rejects with REQUEST_INVALID. */
async function requireEmpty(exchange: Exchange): Promise<void> {
  try {
    await exchange.body(0);
  } catch (thrown) {
    const isBody = thrown instanceof ConnectError && reasonOf(thrown) === "BODY_TOO_LARGE";
    throw isBody ? bodyRefused(thrown) : thrown;
  }
}

/** The message of a request that may have no body. Throws, or rejects with, REQUEST_INVALID. */
function messageWithoutBody(route: Route, exchange: Exchange): Message | Promise<Message> {
  const message = create(route.method.input);
  if (endsWithHead(exchange)) return message;
  const whole = exchange.takeBody(Number.POSITIVE_INFINITY);
  if (whole === undefined) return requireEmpty(exchange).then(() => message);
  if (whole.length > 0) throw bodyRefused();
  return message;
}

/** A request message that holds bytes where the body goes, as a google.api.HttpBody. */
function rawMessage(route: Route, contentType: string, bytes: Uint8Array): Message {
  const { input } = route.method;
  if (route.body.kind !== "field") return create(HttpBodySchema, { contentType, data: bytes });
  const writer = new FieldWriter(create(input), input);
  writer.file(route.body.target, route.body.target.path, { bytes, contentType });
  return writer.message;
}

/** Decoding more than this takes so long that others go first before it is read, in bytes. */
const decodedBytesMax = 1024 * 1024;

function messageFromJsonBytes(
  route: Route,
  json: JsonCodec,
  bytes: Uint8Array,
): Message | Promise<Message> {
  const isShort = bytes.length <= decodedBytesMax;
  const text = textInsteadOf(bytes);
  if (isShort) return messageFromJson(route, json, text);
  return turns.later().then(() => messageFromJson(route, json, text));
}

/** How the bytes of a body become the message. Throws MEDIA_TYPE_UNSUPPORTED. */
function messageReader(
  route: Route,
  exchange: Exchange,
  { json, binder }: BodyReading,
): (bytes: Uint8Array) => Message | Promise<Message> {
  const contentType = exchange.header("content-type") ?? "";
  if (route.body.kind !== "none" && route.body.raw) {
    return (bytes) => rawMessage(route, contentType, bytes);
  }
  const media = mediaTypeFrom(contentType);
  requireReadable(exchange, media);
  if (isJson(media)) return (bytes) => messageFromJsonBytes(route, json, bytes);
  if (media.type === "application/x-www-form-urlencoded") {
    return (bytes) => messageFromUrlencoded(route, textInsteadOf(bytes), binder);
  }
  const { upload, method } = route;
  if (upload !== undefined && takesBody(upload, media.type)) {
    return (bytes) => messageFromUpload(method, upload, bytes);
  }
  const uploads = upload === undefined ? [] : upload.mediaTypes;
  throw unsupportedType(media.type, ["application/json", ...formTypes, ...uploads]);
}

/**
 * The request message that the body alone makes, at once when the body is here already. Throws, or
 * rejects with, MEDIA_TYPE_UNSUPPORTED, BODY_MALFORMED, REQUEST_INVALID, PARAMETER_INVALID for a
 * form's fields, and what reading the exchange throws.
 */
export function messageFromBody(
  route: Route,
  exchange: Exchange,
  reading: BodyReading,
): Message | Promise<Message> {
  const { body } = route;
  if (body.kind === "none") return messageWithoutBody(route, exchange);
  const { type } = mediaTypeFrom(exchange.header("content-type") ?? "");
  if (type === "multipart/form-data" && !(body.raw && body.kind === "message")) {
    return messageFromMultipart(route, exchange, reading);
  }
  const read = messageReader(route, exchange, reading);
  const isUpload = body.raw || (route.upload !== undefined && takesBody(route.upload, type));
  const bytesMax = isUpload ? reading.uploadBytesMax : reading.bytesMax;
  const whole = exchange.takeBody(bytesMax);
  return whole === undefined ? exchange.body(bytesMax).then(read) : read(whole);
}

/** Largest piece of a raw body that becomes one message. */
const pieceBytesMax = 1024 * 1024;

/** A raw body, whose pieces are messages: its sender may rest between them where each may be answered. */
class RawProgress implements BodyProgress {
  messages = 0;
  readonly isBetween: boolean;

  constructor(isBetween: boolean) {
    this.isBetween = isBetween;
  }
}

async function* rawMessages(
  route: Route,
  exchange: Exchange,
  reading: BodyReading,
): AsyncIterable<Message> {
  const contentType = exchange.header("content-type") ?? "";
  // A body with one response to all of it is a file.
  const isFile = route.method.methodKind === "client_streaming";
  const bytesMax = isFile ? reading.streamedFileBytesMax : reading.streamBytesMax;
  const progress = new RawProgress(!isFile);
  for await (const chunk of exchange.chunks(bytesMax, progress)) {
    for (let at = 0; at < chunk.length; at += pieceBytesMax) {
      progress.messages += 1;
      yield rawMessage(route, contentType, chunk.subarray(at, at + pieceBytesMax));
    }
  }
  if (progress.messages === 0) yield rawMessage(route, contentType, new Uint8Array());
}

/** Messages of one streamed body after which others go first. */
const messagesPerTurn = 1024;

async function* jsonMessages(
  route: Route,
  exchange: Exchange,
  reading: BodyReading,
): AsyncIterable<Message> {
  const media = mediaTypeFrom(exchange.header("content-type") ?? "");
  requireReadable(exchange, media);
  const isLines = lineTypes.includes(media.type);
  if (!isLines && !isJson(media)) {
    throw unsupportedType(media.type, ["application/json", "application/x-ndjson"]);
  }
  const split = isLines ? jsonLinesFrom : jsonItemsFrom;
  const progress = new StreamProgress();
  const chunks = exchange.chunks(reading.streamBytesMax, progress);
  for await (const bytes of split(chunks, reading.bytesMax, progress)) {
    // The values of one chunk would follow each other without a look at anybody else.
    if (progress.messages % messagesPerTurn === 0) await turns.later();
    yield messageFromJson(route, reading.json, textOf(bytes));
  }
}

/**
 * The request messages that a streamed body makes, each as soon as it has arrived: the items of a
 * JSON array, JSON lines, or pieces of raw bytes. Throws as `messageFromBody` does.
 */
export async function* messagesFromBody(
  route: Route,
  exchange: Exchange,
  reading: BodyReading,
): AsyncIterable<Message> {
  if (route.body.kind === "none") yield await messageFromBody(route, exchange, reading);
  else if (route.body.raw) yield* rawMessages(route, exchange, reading);
  else yield* jsonMessages(route, exchange, reading);
}
