/** Envelopes: messages after flags and length, as gRPC, gRPC-Web and Connect's streams frame them. */

import { Code, type ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { type Coding, messageTooLarge, type Reading } from "./compression.ts";

/** The payload is compressed. */
export const compressedFlag = 0b0000_0001;
/** Bytes before a payload. */
export const prefixBytes = 5;

/** A message as it is framed. */
export interface Envelope {
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** Whether the payload is compressed. */
export function isCompressed({ flags }: Envelope): boolean {
  return (flags & compressedFlag) !== 0;
}

/** Frames a payload, which is copied. */
export function envelope(flags: number, payload: Uint8Array): Uint8Array {
  const framed = Buffer.allocUnsafe(prefixBytes + payload.length);
  framed.set(payload, prefixBytes);
  return sealed(flags, framed);
}

/**
 * Frames a payload where it is: it lies after `prefixBytes` of room, which are written. Of its bytes
 * `bytesAfter` follow elsewhere.
 */
export function sealed(flags: number, framed: Uint8Array, bytesAfter = 0): Uint8Array {
  const length = framed.length - prefixBytes + bytesAfter;
  framed[0] = flags;
  framed[1] = length >>> 24;
  framed[2] = length >>> 16;
  framed[3] = length >>> 8;
  framed[4] = length;
  return framed;
}

/** An envelope as it is sent: compressed if there is a coding and its payload has `bytesMin` or more. */
export function coded(
  framed: Uint8Array,
  coding: Coding | undefined,
  bytesMin: number,
): Uint8Array | Promise<Uint8Array> {
  if (coding === undefined || framed.length - prefixBytes < bytesMin) return framed;
  const payload = framed.subarray(prefixBytes);
  const sent = (bytes: Uint8Array | undefined) =>
    bytes === undefined ? framed : envelope(compressedFlag, bytes);
  const bytes = coding.compress(payload);
  return bytes instanceof Promise ? bytes.then(sent) : sent(bytes);
}

/** The bytes of a body of one envelope, as its prefix says; undefined where that is not whole. */
export function envelopeBytes(start: Uint8Array): number | undefined {
  return start.length < prefixBytes ? undefined : prefixBytes + lengthAt(start, 0);
}

function lengthAt(bytes: Uint8Array, offset: number): number {
  return (
    (bytes[offset + 1] ?? 0) * 0x100_0000 +
    (((bytes[offset + 2] ?? 0) << 16) | ((bytes[offset + 3] ?? 0) << 8) | (bytes[offset + 4] ?? 0))
  );
}

/** The payload length that the prefix at `offset` promises. Throws for flags or a length that cannot be. */
export function promised(bytes: Uint8Array, offset: number, { messageBytesMax }: Reading): number {
  const flags = bytes[offset] ?? 0;
  // Messages have no other flags: those mean something else, or nothing.
  if ((flags & ~compressedFlag) !== 0) {
    throw fault("BODY_MALFORMED", `an envelope has the unknown flags ${flags}`, {
      code: Code.Internal,
    });
  }
  const length = lengthAt(bytes, offset);
  if (length > messageBytesMax) throw messageTooLarge(messageBytesMax);
  return length;
}

/** The refusal of a body that ends too early. */
export function cutOff({ malformedCode }: Reading): ConnectError {
  return fault("BODY_MALFORMED", "the body ends within an envelope", { code: malformedCode });
}

/** The refusal of a request whose number of messages is not what its method takes. */
export function notOneMessage(what: "no" | "more than one"): ConnectError {
  return fault("REQUEST_INVALID", `the method takes one message, the request has ${what}`, {
    code: Code.Unimplemented,
  });
}

/** The only envelope of a body. Throws BODY_MALFORMED, BODY_TOO_LARGE or REQUEST_INVALID. */
export function onlyEnvelope(body: Uint8Array, reading: Reading): Envelope {
  if (body.length === 0) throw notOneMessage("no");
  if (body.length < prefixBytes) throw cutOff(reading);
  const end = prefixBytes + promised(body, 0, reading);
  if (body.length < end) throw cutOff(reading);
  if (body.length > end) throw notOneMessage("more than one");
  return { flags: body[0] ?? 0, payload: body.subarray(prefixBytes) };
}
