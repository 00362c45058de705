/** Sends google.api.HttpBody answers as they are: whole, in part, or as a stream of bytes. */

import { isMessage, type Message } from "@bufbuild/protobuf";
import { fault } from "#errors/fault.ts";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";
import { type HttpBody, HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import { metadataFields } from "#protocol/metadata.ts";
import type { Answer } from "#rpc/call.ts";

/** A stretch of bytes; `end` is the one behind the last. */
interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The one range that a Range field asks of `size` bytes; undefined when it asks for none, or in
 * a way that may be ignored. Throws RANGE_INVALID when there is nothing in it.
 */
function byteRangeFrom(field: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(field ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (match === null || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (start >= end) {
    throw fault("RANGE_INVALID", `range: the answer has ${size} bytes`, {
      headers: { "content-range": `bytes */${size}` },
    });
  }
  return { start, end };
}

/** The body's own type where it can be a header field: it may be what some client once sent. */
function contentTypeOf({ contentType }: HttpBody): string {
  return /^[\x20-\x7e]+$/.test(contentType) ? contentType : "application/octet-stream";
}

/** The range that the request asks for. If-Range asks for a version, and answers here have none. */
function rangeOf(exchange: Exchange, size: number): ByteRange | undefined {
  if (exchange.header("if-range") !== undefined) return undefined;
  return byteRangeFrom(exchange.header("range"), size);
}

/** Answers with a body's bytes, or the range of them that a GET asks for. */
export function sendRaw(exchange: Exchange, body: HttpBody, headers: HeaderList): void {
  const ranged = exchange.method === "GET" || exchange.method === "HEAD";
  const range = ranged ? rangeOf(exchange, body.data.length) : undefined;
  const head: HeaderList = [
    ...headers,
    ["content-type", contentTypeOf(body)],
    ...(ranged ? [["accept-ranges", "bytes"] as const] : []),
  ];
  if (range === undefined) {
    exchange.respond(200, head, body.data);
    return;
  }
  const { start, end } = range;
  const contentRange = ["content-range", `bytes ${start}-${end - 1}/${body.data.length}`] as const;
  exchange.respond(206, [...head, contentRange], body.data.subarray(start, end));
}

/**
 * Sends the bytes of all messages one after another; the first one names the content type. A
 * failure under way breaks the answer off; one before anything was sent is thrown. HEAD needs the
 * first message only.
 */
export async function sendRawStream(
  exchange: Exchange,
  answer: Answer,
  bodyOf: (message: Message) => unknown,
): Promise<void> {
  for await (const message of answer.messages) {
    const body = bodyOf(message);
    if (!isMessage(body, HttpBodySchema)) continue;
    if (!exchange.started) {
      const type = ["content-type", contentTypeOf(body)] as const;
      exchange.start(200, [...metadataFields(answer.header), type]);
    }
    if (exchange.method === "HEAD") break;
    if (body.data.length > 0) await exchange.write(body.data);
  }
  if (exchange.started) exchange.end(metadataFields(answer.trailer));
  else exchange.respond(200, [...metadataFields(answer.header)]);
}
