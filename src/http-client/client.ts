/** HTTP calls to one origin over kept connections: bounded in time and bytes, cancelled by a signal. */

import { isIP, type LookupFunction } from "node:net";
import type { Readable } from "node:stream";
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from "node:zlib";
import { errors, Pool } from "undici";

/** How an origin is reached. */
export interface HttpClientOptions {
  /** Connections at one time; further calls wait for one. */
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
  /** PEM authorities that its certificate is checked against; the system's when absent. */
  readonly ca?: Buffer;
  /** IP address to connect to, where the origin's name is not to be looked up. */
  readonly address?: string;
}

/** A request. */
export interface OutgoingRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One that comes in pieces is pulled as fast as the other side takes it; what it throws, the call fails with. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Cancels the call at once, also while its response is read. */
  readonly signal: AbortSignal;
  /** Time for the head of the response, to within a second; 0: as long as the signal lets it. */
  readonly headTimeoutMs: number;
  /** Time between two pieces of the response's body. */
  readonly idleTimeoutMs: number;
}

/** What went wrong with a call that the other side did not answer. */
export type HttpFailure = "connect" | "connect_timeout" | "head_timeout" | "idle_timeout" | "reset";

/** A call without a response, or one whose response broke off. `cause` is for the log only. */
export class HttpClientError extends Error {
  readonly failure: HttpFailure;

  constructor(failure: HttpFailure, cause: unknown) {
    super(`the HTTP call failed: ${failure}`, { cause });
    this.failure = failure;
  }
}

/** A response whose body is still to be read. It must be read to its end, or its signal aborted. */
export interface IncomingResponse {
  readonly status: number;
  /** Names in lower case; several values joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** The body in pieces, decompressed. Fails as `send` does. */
  chunks(): AsyncIterable<Uint8Array>;
  /** The whole body; undefined when it has more than `bytesMax` bytes, and the rest is not read. */
  bytes(bytesMax: number): Promise<Uint8Array | undefined>;
}

const connectCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_HAS_EXPIRED",
]);

/** A call under way, as far as it tells why something failed. */
interface Under {
  readonly signal: AbortSignal;
  /** What the request's body has thrown. */
  bodyFailure?: { readonly thrown: unknown };
}

/** What a library's error means; the signal's own reason when that has aborted. */
function failureOf(thrown: unknown, { signal, bodyFailure }: Under): unknown {
  if (signal.aborted) return signal.reason;
  if (bodyFailure !== undefined) return bodyFailure.thrown;
  if (thrown instanceof HttpClientError) return thrown;
  if (thrown instanceof errors.ConnectTimeoutError) {
    return new HttpClientError("connect_timeout", thrown);
  }
  if (thrown instanceof errors.HeadersTimeoutError) {
    return new HttpClientError("head_timeout", thrown);
  }
  if (thrown instanceof errors.BodyTimeoutError) return new HttpClientError("idle_timeout", thrown);
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  return new HttpClientError(connectCodes.has(code) ? "connect" : "reset", thrown);
}

/** The codings that `accept-encoding` offers. */
const acceptEncoding = "gzip, br, zstd";

/** The body without its coding. */
function decoded(body: Readable, coding: string | undefined): Readable {
  const decoder = decoderOf(coding?.trim().toLowerCase());
  if (decoder === undefined) return body;
  // What fails on one side ends the other, so that the connection is not kept for nobody.
  body.on("error", (error) => decoder.destroy(error));
  decoder.on("close", () => body.destroy());
  return body.pipe(decoder);
}

function decoderOf(coding: string | undefined) {
  switch (coding) {
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "br":
      return createBrotliDecompress();
    case "zstd":
      return createZstdDecompress();
    case "deflate":
      return createInflate();
    default:
      return undefined;
  }
}

function headersOf(
  received: Record<string, string | string[] | undefined>,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(received)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}

/** The pieces of a request's body; why they end early is kept. */
async function* watched(
  pieces: AsyncIterable<Uint8Array>,
  under: Under,
): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } catch (thrown) {
    under.bodyFailure = { thrown };
    throw thrown;
  }
}

/** What undici takes for a body: it takes iterables too, of which its types do not tell. */
type LibraryBody = string | Uint8Array | Readable | null;

function libraryBody(body: OutgoingRequest["body"], under: Under): LibraryBody {
  if (body === undefined) return null;
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  return watched(body, under) as unknown as Readable;
}

/** Finds one address for every name; the name itself still goes into Host and the TLS handshake. */
function pinnedTo(address: string): LookupFunction {
  const family = isIP(address);
  return (_name, { all }, done) => {
    if (all) done(null, [{ address, family }]);
    else done(null, address, family);
  };
}

/** Calls one origin, such as https://api.example.com. */
export class HttpClient implements AsyncDisposable {
  readonly #pool: Pool;

  constructor(
    origin: string,
    { connectionsMax, connectTimeoutMs, ca, address }: HttpClientOptions,
  ) {
    this.#pool = new Pool(origin, {
      connections: connectionsMax,
      pipelining: 1,
      connect: {
        timeout: connectTimeoutMs,
        ...(ca === undefined ? {} : { ca }),
        ...(address === undefined ? {} : { lookup: pinnedTo(address) }),
      },
    });
  }

  /** Sends a request. Rejects with HttpClientError, or with the signal's reason. */
  async send(request: OutgoingRequest): Promise<IncomingResponse> {
    const { method, path, headers, body, signal, headTimeoutMs, idleTimeoutMs } = request;
    const under: Under = { signal };
    try {
      const response = await this.#pool.request({
        method,
        path,
        headers: { "accept-encoding": acceptEncoding, ...headers },
        body: libraryBody(body, under),
        signal,
        headersTimeout: headTimeoutMs,
        bodyTimeout: idleTimeoutMs,
      });
      const received = headersOf(response.headers);
      const readable = decoded(response.body, received["content-encoding"]);
      return {
        status: response.statusCode,
        headers: received,
        chunks: () => piecesOf(readable, under),
        bytes: (bytesMax) => wholeOf(readable, under, bytesMax),
      };
    } catch (thrown) {
      throw failureOf(thrown, under);
    }
  }

  /** Cuts off what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }
}

/** Leaving the iteration gives up the response. */
async function* piecesOf(body: Readable, under: Under): AsyncIterable<Uint8Array> {
  try {
    for await (const piece of body) yield piece as Uint8Array;
  } catch (thrown) {
    throw failureOf(thrown, under);
  }
}

async function wholeOf(
  body: Readable,
  under: Under,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of piecesOf(body, under)) {
    bytes += piece.length;
    if (bytes > bytesMax) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
