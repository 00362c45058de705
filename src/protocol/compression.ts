/** Content codings: which there are, which one an answer gets, and how much a body may expand to. */

import { promisify } from "node:util";
import {
  brotliCompress,
  brotliDecompress,
  constants,
  gunzip,
  gzip,
  zstdCompress,
  zstdDecompress,
} from "node:zlib";
import type { Code, ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";

/** A coding other than identity. */
export interface Coding {
  readonly name: string;
  compress(bytes: Uint8Array): Promise<Uint8Array>;
  /** Rejects with a RangeError past `bytesMax`, with another Error for bytes that are not its own. */
  decompress(bytes: Uint8Array, bytesMax: number): Promise<Uint8Array>;
}

const deflated = promisify(gzip);
const inflated = promisify(gunzip);
const brotlied = promisify(brotliCompress);
const unbrotlied = promisify(brotliDecompress);
const zstded = promisify(zstdCompress);
const unzstded = promisify(zstdDecompress);

/** Brotli's default of 11 is for files that are compressed once. */
const brotliParams = { [constants.BROTLI_PARAM_QUALITY]: 4 };

/** Up to here a message counts as small, in bytes. */
export const smallBytesMax = 64 * 1024;

/** Pieces that are decompressed into: each costs a turn of the event loop, and is allocated whole. */
const smallPieceBytes = 16 * 1024;
const largePieceBytes = 256 * 1024;

function pieceBytes(bytesMax: number): number {
  return bytesMax <= smallBytesMax ? smallPieceBytes : largePieceBytes;
}

/**
 * Memory that decompressing to at most `bytesMax` may take: the pieces, what they are joined to, and
 * what the coding remembers of the text so far.
 */
export function bytesNeeded(bytesMax: number): number {
  return 3 * bytesMax + pieceBytes(bytesMax);
}

/** The window that a frame may ask for: RFC 9659 has 8 MiB; a longer one serves longer messages alone. */
function windowBits(bytesMax: number): number {
  return Math.min(Math.max(23, Math.ceil(Math.log2(bytesMax))), 31);
}

function bounds(bytesMax: number) {
  return { maxOutputLength: bytesMax, chunkSize: pieceBytes(bytesMax) };
}

const codings: ReadonlyMap<string, Coding> = new Map(
  [
    {
      name: "gzip",
      compress: (bytes: Uint8Array) => deflated(bytes),
      decompress: (bytes: Uint8Array, bytesMax: number) => inflated(bytes, bounds(bytesMax)),
    },
    {
      name: "br",
      compress: (bytes: Uint8Array) => brotlied(bytes, { params: brotliParams }),
      decompress: (bytes: Uint8Array, bytesMax: number) => unbrotlied(bytes, bounds(bytesMax)),
    },
    {
      name: "zstd",
      compress: (bytes: Uint8Array) => zstded(bytes),
      decompress: (bytes: Uint8Array, bytesMax: number) =>
        unzstded(bytes, {
          ...bounds(bytesMax),
          params: { [constants.ZSTD_d_windowLogMax]: windowBits(bytesMax) },
        }),
    },
  ].map((coding) => [coding.name, coding]),
);

/** Names of all codings, as accept fields list them. */
export const codingNames = [...codings.keys()].join(",");

/** The coding of a name; undefined for one that is not known here, and for identity. */
export function codingOf(name: string): Coding | undefined {
  return codings.get(name);
}

/** Answers remember this many different accept fields; clients have few. */
const acceptFieldsMax = 64;
const preferred = new Map<string, Coding | undefined>();

/** The first coding of an accept field that is known here; undefined: send identity. */
export function preferredCoding(accept: string | undefined): Coding | undefined {
  if (accept === undefined) return undefined;
  if (preferred.has(accept)) return preferred.get(accept);
  const coding = firstAccepted(accept);
  if (preferred.size < acceptFieldsMax) preferred.set(accept, coding);
  return coding;
}

function firstAccepted(accept: string): Coding | undefined {
  for (const offer of accept.split(",")) {
    const [name = "", ...parameters] = offer.split(";").map((part) => part.trim().toLowerCase());
    const refused = parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    const coding = refused ? undefined : codings.get(name);
    if (coding !== undefined) return coding;
  }
  return undefined;
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
  return fault("BODY_TOO_LARGE", `the message exceeds ${bytesMax} bytes (max_request_size)`, {
    metadata: { limit_bytes: String(bytesMax) },
  });
}
