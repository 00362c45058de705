/** Content codings of messages: which there are, which one an answer gets, and how much a body may expand to. */

import { promisify } from "node:util";
import { brotliDecompress, gunzip, zstdDecompress } from "node:zlib";
import { Code, type ConnectError } from "@connectrpc/connect";
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

const inflated = promisify(gunzip);
const unbrotlied = promisify(brotliDecompress);
const unzstded = promisify(zstdDecompress);

function codingFor(name: ContentCoding, decompress: Coding["decompress"]): Coding {
  return {
    name,
    compress: (bytes, onGone) => compressor.compress(name, bytes, onGone),
    decompress,
  };
}

const codings: ReadonlyMap<string, Coding> = new Map(
  [
    codingFor("gzip", (bytes, maxOutputLength) => inflated(bytes, { maxOutputLength })),
    codingFor("br", (bytes, maxOutputLength) => unbrotlied(bytes, { maxOutputLength })),
    codingFor("zstd", (bytes, maxOutputLength) => unzstded(bytes, { maxOutputLength })),
  ].map((coding) => [coding.name, coding]),
);

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

/** The bytes of a compressed message. Throws BODY_TOO_LARGE or BODY_MALFORMED, always INTERNAL without a coding. */
export async function decompressed(
  coding: Coding | undefined,
  bytes: Uint8Array,
  { messageBytesMax, malformedCode }: Reading,
): Promise<Uint8Array> {
  if (coding === undefined) {
    throw fault("BODY_MALFORMED", "a message is compressed, but no coding was named", {
      code: Code.Internal,
    });
  }
  // Peers may call an empty message compressed without a byte of that coding.
  if (bytes.length === 0) return bytes;
  try {
    return await coding.decompress(bytes, messageBytesMax);
  } catch (cause) {
    if (cause instanceof RangeError) throw messageTooLarge(messageBytesMax);
    throw fault("BODY_MALFORMED", `the message is not ${coding.name}`, {
      code: malformedCode,
      cause,
    });
  }
}

/** The refusal of a message over the limit. */
export function messageTooLarge(bytesMax: number): ConnectError {
  return fault("BODY_TOO_LARGE", `the message exceeds ${bytesMax} bytes (max_request_size)`, {
    metadata: { limit_bytes: String(bytesMax) },
  });
}
