/** WebSocket frames (RFC 6455 §5.2): heads that are read, frames and closes that are written. */

import { isUtf8 } from "node:buffer";

/** What a frame is. */
export const opcode = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** Why a connection is closed. */
export const closeCode = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  invalidText: 1007,
  policyViolation: 1008,
  tooLarge: 1009,
  internalError: 1011,
  tryAgainLater: 1013,
} as const;

/** A broken rule: how the connection closes, and why in words. */
export interface Violation {
  readonly code: number;
  readonly problem: string;
}

/** What begins a frame. */
export interface FrameHead {
  readonly fin: boolean;
  readonly opcode: number;
  readonly mask: Buffer;
  readonly payloadBytes: number;
}

/** Most bytes of a client's head. */
export const headBytesMax = 14;
const maskBytes = 4;
/** Payload of a control frame at most. */
const controlBytesMax = 125;
const knownOpcodes: ReadonlySet<number> = new Set<number>(Object.values(opcode));

/** Whether it steers the connection and carries no message. */
export function isControl(kind: number): boolean {
  return kind >= opcode.close;
}

function broken(problem: string): Violation {
  return { code: closeCode.protocolError, problem };
}

/** Bytes of the whole head that begins with these two bytes. */
function headBytesOf(second: number): number {
  const short = second & 0x7f;
  return 2 + (short < 126 ? 0 : short === 126 ? 2 : 8) + maskBytes;
}

/** The payload's length; undefined when a shorter form would have reported it (§5.2: minimal). */
function payloadBytesOf(bytes: Buffer): number | undefined {
  const short = (bytes[1] ?? 0) & 0x7f;
  if (short < 126) return short;
  const length = short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return length < (short === 126 ? 126 : 0x1_0000) ? undefined : length;
}

/** What is wrong with a head's first two bytes. */
function violationOf(first: number, second: number): Violation | undefined {
  const kind = first & 0x0f;
  if ((first & 0x70) !== 0) return broken("reserved bits are set");
  if (!knownOpcodes.has(kind)) return broken("unknown opcode");
  if ((second & 0x80) === 0) return broken("a client's frame is not masked");
  if (isControl(kind) && ((first & 0x80) === 0 || (second & 0x7f) > controlBytesMax)) {
    return broken("a control frame is cut or too long");
  }
  return undefined;
}

/** Reads a client's head from the bytes so far; undefined while some are missing. */
export function headOf(bytes: Buffer): FrameHead | Violation | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const violation = violationOf(first, second);
  if (violation !== undefined) return violation;
  const headBytes = headBytesOf(second);
  if (bytes.length < headBytes) return undefined;
  const payloadBytes = payloadBytesOf(bytes);
  if (payloadBytes === undefined) return broken("a length is longer written than need be");
  const mask = bytes.subarray(headBytes - maskBytes, headBytes);
  return { fin: (first & 0x80) !== 0, opcode: first & 0x0f, mask, payloadBytes };
}

/** A server's frame, whole and unmasked. */
export function frameOf(kind: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const headBytes = length < 126 ? 2 : length < 0x1_0000 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + length);
  frame[0] = 0x80 | kind;
  frame[1] = length < 126 ? length : length < 0x1_0000 ? 126 : 127;
  if (headBytes === 4) frame.writeUInt16BE(length, 2);
  if (headBytes === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(payload, headBytes);
  return frame;
}

/** The payload of a close frame. The reason is ASCII. */
export function closePayload(code: number, reason: string): Buffer {
  const text = Buffer.from(reason).subarray(0, controlBytesMax - 2);
  const payload = Buffer.allocUnsafe(2 + text.length);
  payload.writeUInt16BE(code, 0);
  payload.set(text, 2);
  return payload;
}

/** Codes that an endpoint may send: the protocol's own, and those of libraries and applications (§7.4). */
function isSendable(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

/** What is wrong with the payload of a close frame (§5.5.1, §7.4). */
export function closeViolationOf(payload: Buffer): Violation | undefined {
  if (payload.length === 0) return undefined;
  if (payload.length === 1) return broken("a close code has two bytes");
  if (!isSendable(payload.readUInt16BE(0))) return broken("a close code that may not be sent");
  if (isUtf8(payload.subarray(2))) return undefined;
  return { code: closeCode.invalidText, problem: "a close reason is not UTF-8" };
}
