/** Responses as bytes that other gateways read: every length is checked, for whoever wrote them may be another version. Pure. */

import type { Piece } from "./piece.ts";

/** First byte: another form has another number. */
const version = 1;

const hasWords = 1;
const isFailure = 2;

/** What is not of this form. */
const malformed = () => new RangeError("no response in this form");

function lengthBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}

/** The form: version, then each piece as its message, flags, the provider's bytes, and headers; lengths before all. */
export function encodePieces(pieces: readonly Piece[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(version)];
  const put = (bytes: Uint8Array) => parts.push(lengthBytes(bytes.length), bytes);
  for (const { message, words, headers = [] } of pieces) {
    put(message);
    const flags = words === undefined ? 0 : hasWords + (words.isFailure === true ? isFailure : 0);
    parts.push(Uint8Array.of(flags));
    if (words !== undefined) put(words.bytes);
    parts.push(lengthBytes(headers.length));
    for (const field of headers.flat()) put(Buffer.from(field));
  }
  return Buffer.concat(parts);
}

/** Reads what `encodePieces` wrote; the pieces are copies. Undefined for anything else. */
export function decodePieces(bytes: Uint8Array): readonly Piece[] | undefined {
  const text = new TextDecoder("utf-8", { fatal: true });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const number = (size: 1 | 4): number => {
    if (at + size > bytes.length) throw malformed();
    const value = size === 1 ? view.getUint8(at) : view.getUint32(at);
    at += size;
    return value;
  };
  const chunk = (): Uint8Array => {
    const length = number(4);
    if (length > bytes.length - at) throw malformed();
    at += length;
    return Uint8Array.from(bytes.subarray(at - length, at));
  };
  const headersOf = (): (readonly [name: string, value: string])[] => {
    const headers: (readonly [string, string])[] = [];
    // A header takes its two lengths at least: what claims more of them ends before.
    for (let left = number(4); left > 0; left -= 1) {
      headers.push([text.decode(chunk()), text.decode(chunk())]);
    }
    return headers;
  };
  const piece = (): Piece => {
    const message = chunk();
    const flags = number(1);
    const words = (flags & hasWords) === 0 ? undefined : chunk();
    const headers = headersOf();
    return {
      message,
      ...(words !== undefined && {
        words: { bytes: words, ...((flags & isFailure) !== 0 && { isFailure: true }) },
      }),
      ...(headers.length > 0 && { headers }),
    };
  };
  try {
    if (number(1) !== version) return undefined;
    const pieces: Piece[] = [];
    while (at < bytes.length) pieces.push(piece());
    return pieces.length === 0 ? undefined : pieces;
  } catch (error) {
    // Text that is no UTF-8 is a TypeError.
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}
