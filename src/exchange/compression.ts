/** Sends whole responses in the content coding that their client wants: the one place that decides, for REST and pages. */

import { memoizeByString } from "#core/get-or-create.ts";
import { fault } from "#errors/fault.ts";
import { type Compressor, compressor } from "#http/compressor.ts";
import {
  type CodingChoice,
  type ContentCoding,
  codingChooser,
  contentCodings,
} from "#http/content-coding.ts";
import type { Exchange, HeaderList } from "./exchange.ts";
import { FixedBody } from "./fixed-body.ts";

/** What is compressed, and how. */
export interface CompressionOptions {
  /** Smallest body that is compressed, in bytes. */
  readonly bytesMin: number;
  /** Codings in order of preference where a client wants several alike; none: nothing is compressed. */
  readonly codings: readonly ContentCoding[];
}

/** From 1 KiB on, by every coding. */
export const defaultCompression: CompressionOptions = { bytesMin: 1024, codings: contentCodings };

/** What a response's body is made from. */
export type Body = string | Uint8Array | FixedBody;

/**
 * Media types that compression makes smaller. Images, archives and what no one knows are sent as
 * they are, and so are events, which must arrive one by one.
 */
const compressible =
  /^(?:text\/(?!event-stream$).+|[^/]+\/[^/]+\+(?:json|xml|text|yaml)|application\/(?:json|xml|javascript|ecmascript|x-javascript|x-ndjson|ndjson|jsonl|json-seq|yaml|x-yaml|toml|x-www-form-urlencoded|graphql|sql|rtf|wasm|openmetrics-text)|image\/bmp|font\/[ot]tf)$/;

const isCompressible = memoizeByString((contentType) => {
  const [type = ""] = contentType.split(";", 1);
  return compressible.test(type.trim().toLowerCase());
});

function headerOf(headers: HeaderList, name: string): string | undefined {
  for (const header of headers) if (header[0] === name) return header[1];
  return undefined;
}

/** What is sent when the body has no coding. */
function plainOf(body: Body): string | Uint8Array {
  return body instanceof FixedBody ? body.bytes : body;
}

/** Whether a body has `bytesMin` or more. */
function reaches(body: Body, bytesMin: number): boolean {
  const plain = plainOf(body);
  if (typeof plain !== "string") return plain.length >= bytesMin;
  // A character takes one to three bytes.
  return plain.length * 3 >= bytesMin && Buffer.byteLength(plain) >= bytesMin;
}

/** Whether compression would make a body smaller, and may (RFC 9111 §5.2.2.6). */
function mayBeCoded(headers: HeaderList): boolean {
  const contentType = headerOf(headers, "content-type");
  if (contentType === undefined || !isCompressible(contentType)) return false;
  if (headerOf(headers, "content-encoding") !== undefined) return false;
  return !headerOf(headers, "cache-control")?.toLowerCase().includes("no-transform");
}

/** Whether a response carries a whole body: no part of one, and not the head alone. */
function isWhole({ method }: Exchange, status: number): boolean {
  return method !== "HEAD" && status !== 206;
}

/**
 * Headers of the body in a coding. Its bytes are others, so a tag that stood for them byte by byte
 * does not any more (RFC 9110 §8.8.1), and ranges would be counted in the wrong ones.
 */
function codedHeaders(headers: HeaderList, coding: ContentCoding): HeaderList {
  const kept = headers.flatMap(([name, value]): HeaderList => {
    if (name === "accept-ranges") return [];
    if (name === "etag" && value.startsWith('"')) return [[name, `W/${value}`]];
    return [[name, value]];
  });
  return [...kept, ["content-encoding", coding]];
}

const varies = ["vary", "accept-encoding"] as const;

/** Sends responses for one set of options. */
export class Compression {
  readonly #bytesMin: number;
  readonly #isOff: boolean;
  readonly #choiceOf: (field: string | undefined) => CodingChoice;
  readonly #compressor: Compressor;

  constructor({ bytesMin, codings }: CompressionOptions, shared = compressor) {
    this.#bytesMin = bytesMin;
    this.#isOff = codings.length === 0;
    this.#choiceOf = codingChooser(codings);
    this.#compressor = shared;
  }

  /** Throws NOT_ACCEPTABLE for a client that takes neither identity nor any coding that is spoken here. */
  requireAcceptable(exchange: Pick<Exchange, "header">): void {
    const { coding, takesIdentity } = this.#choiceOf(exchange.header("accept-encoding"));
    if (coding === undefined && !takesIdentity) {
      throw fault("NOT_ACCEPTABLE", "accept-encoding: it refuses every coding that is spoken here");
    }
  }

  /**
   * Answers a client that has the body already with the headers that go with it, `content-type`
   * excepted (RFC 9110 §15.4.5).
   */
  notModified(exchange: Exchange, headers: HeaderList, body: Body): void {
    const isCoded = !this.#isOff && reaches(body, this.#bytesMin) && mayBeCoded(headers);
    const sent = headers.filter(([name]) => name !== "content-type");
    exchange.respond(304, isCoded ? [...sent, varies] : sent);
  }

  /**
   * The whole response. A promise settles when it is sent, which it is at once for a small body.
   * Throws or rejects as the exchange does for headers that cannot be sent.
   */
  respond(
    exchange: Exchange,
    status: number,
    headers: HeaderList,
    body: Body,
  ): Promise<void> | undefined {
    const { coding, takesIdentity } = this.#choiceOf(exchange.header("accept-encoding"));
    const isLarge = !takesIdentity || reaches(body, this.#bytesMin);
    if (this.#isOff || !isLarge || !mayBeCoded(headers)) {
      exchange.respond(status, headers, plainOf(body));
      return undefined;
    }
    const plainHeaders = [...headers, varies];
    if (coding === undefined || !isWhole(exchange, status)) {
      exchange.respond(status, plainHeaders, plainOf(body));
      return undefined;
    }
    const send = (coded: Buffer | undefined) => {
      if (coded === undefined) exchange.respond(status, plainHeaders, plainOf(body));
      else exchange.respond(status, [...codedHeaders(headers, coding), varies], coded);
    };
    const coded = this.#coded(exchange, coding, body);
    if (coded instanceof Promise) return coded.then(send);
    send(coded);
    return undefined;
  }

  #coded(exchange: Exchange, coding: ContentCoding, body: Body) {
    if (body instanceof FixedBody) return body.in(coding);
    const onGone = (listener: () => void) => exchange.onGone(listener);
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    return this.#compressor.compress(coding, bytes, onGone);
  }
}
