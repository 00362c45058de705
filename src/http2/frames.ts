/** Frames of HTTP/2 (RFC 9113 §4 and §6): their numbers, and reading one in place. Pure. */

import { type ErrorCode, errorCode } from "./error-code.ts";

/** What a client sends before its first frame. */
export const clientPreface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Bytes before each payload. */
export const frameHeadBytes = 9;

/** The payload that every endpoint takes; also the smallest value of SETTINGS_MAX_FRAME_SIZE. */
export const frameBytesDefault = 16_384;

/** Frame types; others are ignored. */
export const frameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

/** Flags; what a bit means depends on the type. */
export const flag = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** Reads two bytes, big-endian. */
export function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Reads four bytes, big-endian, as an unsigned number. */
export function uint32(bytes: Uint8Array, at: number): number {
  return ((uint16(bytes, at) << 16) | uint16(bytes, at + 2)) >>> 0;
}

/** Reads four bytes, big-endian, without the first bit, which is reserved. */
export function uint31(bytes: Uint8Array, at: number): number {
  return ((uint16(bytes, at) & 0x7fff) << 16) | uint16(bytes, at + 2);
}

/** Which stream identifiers a type allows, and how long its payload is. */
interface FrameRule {
  readonly on: "stream" | "connection" | "either";
  readonly bytesMin: number;
  readonly bytesMax: number;
}

const anyBytes = 0xff_ffff;

/** By type. A wrong length of PRIORITY, the third, concerns its stream alone. */
const rules: readonly FrameRule[] = [
  { on: "stream", bytesMin: 0, bytesMax: anyBytes },
  { on: "stream", bytesMin: 0, bytesMax: anyBytes },
  { on: "stream", bytesMin: 0, bytesMax: anyBytes },
  { on: "stream", bytesMin: 4, bytesMax: 4 },
  { on: "connection", bytesMin: 0, bytesMax: anyBytes },
  { on: "stream", bytesMin: 4, bytesMax: anyBytes },
  { on: "connection", bytesMin: 8, bytesMax: 8 },
  { on: "connection", bytesMin: 8, bytesMax: anyBytes },
  { on: "either", bytesMin: 4, bytesMax: 4 },
  { on: "stream", bytesMin: 0, bytesMax: anyBytes },
];

/** The frame that is being read. A connection has one and moves it along its input. */
export class Frame {
  bytes: Buffer = clientPreface;
  type = 0;
  flags = 0;
  streamId = 0;
  /** Payload as the head tells it, padding included: what flow control counts. */
  length = 0;
  /** Place of what is left of the payload in `bytes`; `trim` narrows it. */
  start = 0;
  end = 0;

  /** Reads the head at `at`; nine bytes are there. The payload may still be missing. */
  readHead(bytes: Buffer, at: number): void {
    this.bytes = bytes;
    this.length = (uint16(bytes, at) << 8) | (bytes[at + 2] ?? 0);
    this.type = bytes[at + 3] ?? 0;
    this.flags = bytes[at + 4] ?? 0;
    this.streamId = uint31(bytes, at + 5);
    this.start = at + frameHeadBytes;
    this.end = this.start + this.length;
  }

  has(bit: number): boolean {
    return (this.flags & bit) !== 0;
  }

  /** The connection error that the head alone is; NO_ERROR when none. */
  flaw(frameBytesMax: number): ErrorCode {
    if (this.length > frameBytesMax) return errorCode.frameSizeError;
    const rule = rules[this.type];
    if (rule === undefined) return errorCode.noError;
    if (rule.on === "stream" && this.streamId === 0) return errorCode.protocolError;
    if (rule.on === "connection" && this.streamId !== 0) return errorCode.protocolError;
    if (this.length < rule.bytesMin || this.length > rule.bytesMax) return errorCode.frameSizeError;
    if (this.type === frameType.settings) {
      const whole = this.has(flag.ack) ? this.length === 0 : this.length % 6 === 0;
      return whole ? errorCode.noError : errorCode.frameSizeError;
    }
    return errorCode.noError;
  }

  /** Takes padding, and the priority of HEADERS, off `start` and `end`. */
  trim(): ErrorCode {
    if (this.has(flag.padded)) {
      if (this.start >= this.end) return errorCode.frameSizeError;
      this.end -= this.bytes[this.start++] ?? 0;
    }
    if (this.type === frameType.headers && this.has(flag.priority)) this.start += 5;
    return this.start <= this.end ? errorCode.noError : errorCode.protocolError;
  }
}
