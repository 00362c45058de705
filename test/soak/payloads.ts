/** Bodies of attacks: protobuf by hand, and the little that a coding makes of it. */

import { brotliCompressSync, constants } from "node:zlib";

/** Just below the limit of a request: 10 MiB. */
export const nearlyAllBytes = 9_900_000;

/** A length-delimited field. */
export function delimited(number: number, content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** A varint of up to 32 bits. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** The same bytes again and again. */
export function repeated(unit: string | Uint8Array, times: number): Buffer {
  const bytes = Buffer.from(unit);
  return Buffer.alloc(bytes.length * times, bytes);
}

/** The same bytes as often as a request takes them. */
export function filledWith(unit: string | Uint8Array, bytes = nearlyAllBytes): Buffer {
  return repeated(unit, Math.floor(bytes / Buffer.byteLength(unit)));
}

/** Brotli's: some dozens of bytes for megabytes that repeat. */
export function brotli(bytes: Uint8Array): Buffer {
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 9,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}

/** A message as gRPC frames it; compressed when the flag is 1. */
export function enveloped(flags: 0 | 1, message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
