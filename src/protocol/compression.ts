/** Content codings of messages: which there are, which one a response gets, and how much a body may expand to. */

import type { Transform } from "node:stream";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from "node:zlib";
import type { Code, ConnectError } from "@connectrpc/connect";
import { free } from "#core/free.ts";
import { GatheredBytes } from "#core/gathered-bytes.ts";
import { fault } from "#errors/fault.ts";
import { compressor, type OnGone } from "#http/compressor.ts";
import { type ContentCoding, codingChooser, contentCodings } from "#http/content-coding.ts";

/** A coding other than identity. */
export interface Coding {
  readonly name: ContentCoding;
  /** As `Compressor.compress`: undefined when the bytes had better go as they are. */
  compress(
    bytes: Uint8Array,
    onGone?: OnGone,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Rejects with a RangeError past `bytesMax`, with another Error for bytes that are not its own. */
  decompress(bytes: Uint8Array, bytesMax: number): Promise<Uint8Array>;
}

/**
 * All that `stream` makes of `bytes`. Node's own function would keep every piece until the last has
 * come, and leave all of them to the collector.
 */
function madeBy(stream: Transform, bytes: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const gathered = new GatheredBytes(bytesMax);
  stream.on("data", (piece: Buffer) => {
    if (gathered.length + piece.length > bytesMax) {
      stream.destroy(new RangeError(`more than ${bytesMax} bytes`));
      return;
    }
    gathered.add(piece);
    free(piece);
  });
  stream.on("end", () => {
    resolve(gathered.takeOwn());
    stream.destroy();
  });
  stream.on("error", (error) => {
    gathered.clear();
    reject(error);
  });
  stream.end(bytes);
  return promise;
}

function codingFor(name: ContentCoding, decompress: Coding["decompress"]): Coding {
  return {
    name,
    compress: (bytes, onGone) => compressor.compress(name, bytes, onGone),
    decompress,
  };
}

/** Up to here a message counts as small, in bytes. */
export const smallBytesMax = 64 * 1024;

/** Pieces that are decompressed into: each costs a turn of the event loop, and is allocated whole. */
const smallPieceBytes = 16 * 1024;
const largePieceBytes = 256 * 1024;

function pieceBytes(bytesMax: number): number {
  return bytesMax <= smallBytesMax ? smallPieceBytes : largePieceBytes;
}

/**
 * Memory that decompressing to at most `bytesMax` may take: a piece, what pieces are gathered in,
 * twice while that grows or is cut to size, and what the coding remembers of the text so far.
 */
export function bytesNeeded(bytesMax: number): number {
  return 3 * bytesMax + pieceBytes(bytesMax);
}

/** The window that a frame may ask for: RFC 9659 has 8 MiB; a longer one serves longer messages alone. */
function windowBits(bytesMax: number): number {
  return Math.min(Math.max(23, Math.ceil(Math.log2(bytesMax))), 31);
}

function bounds(bytesMax: number) {
  return { chunkSize: pieceBytes(bytesMax) };
}

const codings: ReadonlyMap<string, Coding> = new Map(
  [
    codingFor("gzip", (bytes, bytesMax) => madeBy(createGunzip(bounds(bytesMax)), bytes, bytesMax)),
    codingFor("br", (bytes, bytesMax) =>
      madeBy(createBrotliDecompress(bounds(bytesMax)), bytes, bytesMax),
    ),
    codingFor("zstd", (bytes, bytesMax) =>
      madeBy(
        createZstdDecompress({
          ...bounds(bytesMax),
          params: { [constants.ZSTD_d_windowLogMax]: windowBits(bytesMax) },
        }),
        bytes,
        bytesMax,
      ),
    ),
  ].map((coding) => [coding.name, coding]),
);

/** What decompresses the bytes of a coding. */
export type Decoding = Pick<Coding, "decompress"> & { readonly name: string };

const deflate: Decoding = {
  name: "deflate",
  decompress: (bytes, bytesMax) => madeBy(createInflate(bounds(bytesMax)), bytes, bytesMax),
};

/** The coding of a name, of which bodies of requests may be; undefined for one that is not known here. */
export function decodingOf(name: string): Decoding | undefined {
  return name === deflate.name ? deflate : codings.get(name);
}

/** Names of all codings, as accept fields list them. */
export const codingNames = [...codings.keys()].join(",");

/** The coding of a name; undefined for one that is not known here, and for identity. */
export function codingOf(name: string): Coding | undefined {
  return codings.get(name);
}

const chosenCoding = codingChooser(contentCodings);

/** The coding that an accept field wants most, as REST and pages choose it; undefined: send identity. */
export function preferredCoding(accept: string | undefined): Coding | undefined {
  const { coding } = chosenCoding(accept);
  return coding && codings.get(coding);
}

/** How much is read, and what bytes that cannot be are called. */
export interface Reading {
  /** Largest message, in bytes. */
  readonly messageBytesMax: number;
  /** Status of malformed input, which protocols differ in. */
  readonly malformedCode: Code;
}

/** The refusal of a message over the limit. */
export function messageTooLarge(bytesMax: number): ConnectError {
  return fault("BODY_TOO_LARGE", `the message exceeds ${bytesMax} bytes`, {
    metadata: { limit_bytes: String(bytesMax) },
  });
}

/** The refusal of a message of more elements than are read, in whatever format it is. */
export function tooManyElements(elementsMax: number, cause: unknown): ConnectError {
  return fault("BODY_TOO_LARGE", `the message has more than ${elementsMax} elements`, {
    metadata: { limit_elements: String(elementsMax) },
    cause,
  });
}
