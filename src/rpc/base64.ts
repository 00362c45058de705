/** Base64 as bodies of application/grpc-web-text carry it: in segments, each of which may be padded. */

import { Code, type ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";

const bodyPattern = /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)|[\w+/-]{3}=)?$/;

function malformed(text: string): ConnectError {
  return fault("BODY_MALFORMED", text, { code: Code.Internal });
}

/** The bytes of a text of whole groups of four. Throws BODY_MALFORMED. */
export function fromBase64(text: string): Uint8Array {
  // A padded segment may be followed by another.
  const segments = text.split(/(?<==)(?!=)/);
  if (!segments.every((segment) => bodyPattern.test(segment))) {
    throw malformed("the body is not base64");
  }
  return Buffer.concat(segments.map((segment) => Buffer.from(segment, "base64")));
}

/** The bytes of a text that comes in pieces. Rejects with BODY_MALFORMED. */
export async function* fromBase64Pieces(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let rest = "";
  for await (const piece of pieces) {
    const text = rest + Buffer.from(piece).toString("latin1");
    const whole = text.length - (text.length % 4);
    rest = text.slice(whole);
    if (whole > 0) yield fromBase64(text.slice(0, whole));
  }
  if (rest !== "") throw malformed("the body ends within a group of base64");
}

/** Bytes as one padded segment. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

/** Most characters that `bytesMax` bytes can take, whole groups of many small segments included. */
export function base64CharsMax(bytesMax: number): number {
  return Math.ceil(bytesMax / 3) * 4 + 64;
}
