/** Sends google.api.HttpBody responses as they are: whole, in part, or as a stream of bytes. */

import { isMessage } from "@bufbuild/protobuf";
import { fault } from "#errors/fault.ts";
import type { Compression } from "#exchange/compression.ts";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";
import { type HttpBody, HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import { metadataFields } from "#protocol/metadata.ts";
import type { CallResponse } from "#rpc/call.ts";
import { type ByteRange, rangeOf } from "./byte-range.ts";

/** The body's own type where it can be a header field: it may be what some client once sent. */
function contentTypeOf({ contentType }: HttpBody): string {
  return /^[\x20-\x7e]+$/.test(contentType) ? contentType : "application/octet-stream";
}

/** What is sent of `size` bytes, and how the head reports it. */
interface Part extends ByteRange {
  readonly status: number;
  readonly headers: HeaderList;
}

/** The part that a request asks for: all, unless a GET names a range. Throws RANGE_INVALID. */
function partOf(exchange: Exchange, size: number): Part {
  const whole = { status: 200, headers: [], start: 0, end: size };
  if (exchange.method !== "GET" && exchange.method !== "HEAD") return whole;
  const accepts = ["accept-ranges", "bytes"] as const;
  const range = rangeOf(exchange, size);
  if (range === undefined) return { ...whole, headers: [accepts] };
  const contentRange = ["content-range", `bytes ${range.start}-${range.end - 1}/${size}`] as const;
  return { status: 206, headers: [accepts, contentRange], ...range };
}

/** What goes with a whole body. */
export interface RawSending {
  readonly headers: HeaderList;
  readonly compression: Compression;
}

/** Responds with a body's bytes, or the range of them that a GET asks for. A promise settles when they are sent. */
export function sendRaw(
  exchange: Exchange,
  body: HttpBody,
  { headers, compression }: RawSending,
): Promise<void> | undefined {
  const part = partOf(exchange, body.data.length);
  const type = ["content-type", contentTypeOf(body)] as const;
  const bytes = body.data.subarray(part.start, part.end);
  return compression.respond(exchange, part.status, [...headers, type, ...part.headers], bytes);
}

/** The size that a handler names before its messages; undefined when it names none. */
function sizeOf(answer: CallResponse<unknown>): number | undefined {
  const text = answer.header.get("content-length") ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The written part of one streamed body. */
class RawWriter {
  readonly #exchange: Exchange;
  readonly #answer: CallResponse<unknown>;
  /** All that comes, as long as no one has named a size. */
  #part: Part = { status: 200, headers: [], start: 0, end: Number.POSITIVE_INFINITY };
  /** Bytes of the whole that have come so far. */
  #seen = 0;

  constructor(exchange: Exchange, answer: CallResponse<unknown>) {
    this.#exchange = exchange;
    this.#answer = answer;
  }

  /** Nothing that is still to come would be sent. */
  get done(): boolean {
    const { method, started } = this.#exchange;
    if (method === "HEAD") return started;
    return this.#part.status === 206 && this.#seen >= this.#part.end;
  }

  async take(body: HttpBody): Promise<void> {
    if (!this.#exchange.started) this.#start(body);
    const { status, start, end } = this.#part;
    const at = this.#seen;
    this.#seen += body.data.length;
    if (status === 200 && this.#seen > end) throw misnamed();
    const bytes = body.data.subarray(Math.max(0, start - at), Math.max(0, end - at));
    if (bytes.length > 0 && this.#exchange.method !== "HEAD") await this.#exchange.write(bytes);
  }

  finish(): void {
    if (!this.#exchange.started) {
      this.#exchange.respond(200, [...metadataFields(this.#answer.header)]);
      return;
    }
    const { end } = this.#part;
    if (Number.isFinite(end) && this.#seen < end && this.#exchange.method !== "HEAD")
      throw misnamed();
    this.#exchange.end(metadataFields(this.#answer.trailer));
  }

  #start(body: HttpBody): void {
    const { header } = this.#answer;
    const size = sizeOf(this.#answer);
    if (size !== undefined) this.#part = partOf(this.#exchange, size);
    const { status, headers, start, end } = this.#part;
    this.#exchange.start(status, [
      ...metadataFields(header),
      ["content-type", contentTypeOf(body)],
      ...headers,
      ...(size === undefined ? [] : [["content-length", String(end - start)] as const]),
    ]);
  }
}

function misnamed() {
  return fault("INTERNAL", "the response has another size than it named");
}

/**
 * Sends the bytes of all bodies one after another; the first one names the content type. When the
 * handler names the size in a header field `content-length`, a GET may ask for a range. A failure
 * in progress breaks the response off; one before anything was sent is thrown. HEAD needs the first
 * body only, and a range no more than itself.
 */
export async function sendRawStream(
  exchange: Exchange,
  bodies: CallResponse<unknown>,
): Promise<void> {
  const writer = new RawWriter(exchange, bodies);
  for await (const body of bodies.messages) {
    try {
      if (isMessage(body, HttpBodySchema)) await writer.take(body);
    } catch (thrown) {
      bodies.finish(thrown);
      throw thrown;
    }
    if (!writer.done) continue;
    bodies.finish();
    break;
  }
  writer.finish();
}
