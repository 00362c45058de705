/** Base64 as bodies of application/grpc-web-text carry it: in segments, each of which may be padded. */

import { Code, type ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";

const padding = "=".charCodeAt(0);
/** Segments of a body that comes whole: a client pads where it flushes, which is once or twice. */
const segmentsMax = 10_000;
/** What is read at one time: the runtime is slow with what is no base64. */
const blockCharacters = 65_536;

function malformed(text: string): ConnectError {
  return fault("BODY_MALFORMED", text, { code: Code.Internal });
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * The bytes of a text of whole groups of four characters, each of which may be padded: it ends a
 * segment then. Throws BODY_MALFORMED, also for more segments than one body has.
 */
export function fromBase64(characters: Uint8Array): Uint8Array {
  const text = viewOf(characters);
  if (text.length % 4 !== 0) throw malformed("the body ends within a group of base64");
  const bytes = Buffer.allocUnsafe(Math.ceil(text.length / 4) * 3);
  let length = 0;
  let segments = 0;
  for (let at = 0; at < text.length; segments += 1) {
    if (segments === segmentsMax) throw malformed(`the body has over ${segmentsMax} segments`);
    const segment = segmentEnd(text, at);
    while (at < segment) {
      const end = Math.min(segment, at + blockCharacters);
      length += readBlock(text, at, end, bytes.subarray(length));
      at = end;
    }
  }
  return bytes.subarray(0, length);
}

/** Puts the bytes of whole groups into `bytes`; returns how many there are. */
function readBlock(text: Buffer, start: number, end: number, bytes: Buffer): number {
  const expected = ((end - start) / 4) * 3 - paddingOf(text, end);
  // The runtime passes over what is no digit, so that there is less than there should be.
  const written = bytes.write(text.toString("latin1", start, end), "base64");
  if (written !== expected) throw malformed("the body is not base64");
  return written;
}

/** Where the group ends that has the next padding. */
function segmentEnd(text: Buffer, start: number): number {
  const padded = text.indexOf(padding, start);
  return padded < 0 ? text.length : start + Math.ceil((padded + 1 - start) / 4) * 4;
}

function paddingOf(text: Buffer, end: number): number {
  if (text[end - 1] !== padding) return 0;
  return text[end - 2] === padding ? 2 : 1;
}

const nothing: Uint8Array = new Uint8Array(0);

/** The bytes of a text that comes in pieces. Rejects with BODY_MALFORMED. */
export async function* fromBase64Pieces(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let rest = nothing;
  for await (const piece of pieces) {
    const text = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = text.length - (text.length % 4);
    // A copy: it is no more than three bytes of what may be a large read.
    rest = Uint8Array.from(text.subarray(whole));
    if (whole > 0) yield fromBase64(text.subarray(0, whole));
  }
  if (rest.length > 0) throw malformed("the body ends within a group of base64");
}

/** Bytes as one padded segment. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

/** Most characters that `bytesMax` bytes can take, whole groups of many small segments included. */
export function base64CharsMax(bytesMax: number): number {
  return Math.ceil(bytesMax / 3) * 4 + 64;
}
