/** HTTP calls to one origin over kept connections: bounded in time and bytes, cancelled by a signal. */

import { isIP, type LookupFunction } from "node:net";
import { pipeline, Readable } from "node:stream";
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from "node:zlib";
import { Pool } from "undici";
import { systemRng } from "#core/rng.ts";
import { Slots } from "#core/slots.ts";
import { spread } from "#core/spread.ts";
import { failureOf, type Under } from "./failure.ts";
import { Reply } from "./reply.ts";

/** How an origin is reached. */
export interface HttpClientOptions {
  /** Connections at one time; further calls wait for one. */
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
  /** PEM authorities that its certificate is checked against; the system's when absent. */
  readonly ca?: Buffer;
  /** PEM certificate that it is shown, and its key. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Name in its certificate; that of the origin when absent. */
  readonly serverName?: string;
  /** IP address to connect to, where the origin's name is not to be looked up. */
  readonly address?: string;
  /** Age at which a connection takes no more calls, up to a tenth more or less; absent: none. */
  readonly connectionAgeMaxMs?: number | undefined;
}

/** A request. */
export interface OutgoingRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One that comes in pieces is pulled as fast as the other side takes it; what it throws, the call fails with. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** Cancels the call at once, also while its response is read. */
  readonly signal: AbortSignal;
  /** Time for the head of the response, to within a second; 0: as long as the signal lets it. */
  readonly headTimeoutMs: number;
  /** Time between two pieces of the response's body. */
  readonly idleTimeoutMs: number;
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

/** The codings that `accept-encoding` offers. */
const acceptEncoding = "gzip, br, zstd";

/** The pieces of a body without its coding. */
function decoded(body: Reply, coding: string | undefined, under: Under): AsyncIterable<Uint8Array> {
  const decoder = decoderOf(coding?.trim().toLowerCase());
  if (decoder === undefined) return body;
  // What fails on one side ends the other, so that the connection is not kept for no one.
  pipeline(Readable.from(body, { objectMode: false }), decoder, () => {});
  return explained(decoder, under);
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

/** Fields as the library sends them, name after value, without a look at an object of its own. */
function sentFields(headers: OutgoingRequest["headers"]): string[] {
  const fields = "accept-encoding" in headers ? [] : ["accept-encoding", acceptEncoding];
  for (const name in headers) fields.push(name, headers[name] as string);
  return fields;
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
  readonly #slots: Slots;

  constructor(origin: string, options: HttpClientOptions) {
    const { connectionsMax, connectTimeoutMs, ca, cert, key, serverName, address } = options;
    const { connectionAgeMaxMs } = options;
    this.#slots = new Slots(connectionsMax);
    this.#pool = new Pool(origin, {
      connections: connectionsMax,
      pipelining: 1,
      ...(connectionAgeMaxMs !== undefined && { clientTtl: spread(connectionAgeMaxMs, systemRng) }),
      connect: {
        timeout: connectTimeoutMs,
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(serverName === undefined ? {} : { servername: serverName }),
        ...(address === undefined ? {} : { lookup: pinnedTo(address) }),
      },
    });
  }

  /** Sends a request. Rejects with HttpClientError, or with the signal's reason. */
  async send(request: OutgoingRequest): Promise<IncomingResponse> {
    const { method, path, headers, body, signal, headTimeoutMs, idleTimeoutMs } = request;
    const under: Under = { signal };
    // Not the library's queue: what waits there cannot leave it.
    const turn = this.#slots.take(signal);
    if (turn !== undefined) await turn;
    const reply = new Reply(under, () => this.#slots.give());
    this.#pool.dispatch(
      {
        method,
        path,
        headers: sentFields(headers),
        body: libraryBody(body, under),
        headersTimeout: headTimeoutMs,
        bodyTimeout: idleTimeoutMs,
      },
      reply,
    );
    const { status, headers: received } = await reply.head;
    const pieces = decoded(reply, received["content-encoding"], under);
    return {
      status,
      headers: received,
      chunks: () => pieces,
      bytes: (bytesMax) => wholeOf(pieces, bytesMax),
    };
  }

  /** Cuts off what is in progress. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }
}

/** Leaving the iteration gives up the response. */
async function* explained(
  body: AsyncIterable<Uint8Array>,
  under: Under,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body) yield piece;
  } catch (thrown) {
    throw failureOf(thrown, under);
  }
}

async function wholeOf(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  // A short one is mostly here with its head.
  const here = body instanceof Reply ? body.takeWhole() : undefined;
  if (here !== undefined) return here.length > bytesMax ? undefined : here;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > bytesMax) return undefined;
    pieces.push(piece);
  }
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
}
