/** WebSocket frames (RFC 6455): read from bytes as they come, and written. */

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
} as const;

/** What comes out of the bytes. A violation is the last event. */
export type FrameEvent =
  | {
      readonly kind: "frame";
      readonly fin: boolean;
      readonly opcode: number;
      readonly payload: Buffer;
    }
  | { readonly kind: "violation"; readonly code: number; readonly problem: string };

interface FrameHead {
  readonly fin: boolean;
  readonly opcode: number;
  readonly mask: Buffer;
  readonly headBytes: number;
  readonly payloadBytes: number;
}

const knownOpcodes = new Set<number>(Object.values(opcode));
const maskBytes = 4;
const controlBytesMax = 125;

function violation(problem: string, code: number = closeCode.protocolError): FrameEvent {
  return { kind: "violation", code, problem };
}

/** Payload length and where the mask begins; undefined while bytes are missing. */
function lengthOf(bytes: Buffer, short: number): { payloadBytes: number; at: number } | undefined {
  if (short < 126) return { payloadBytes: short, at: 2 };
  if (short === 126) {
    return bytes.length < 4 ? undefined : { payloadBytes: bytes.readUInt16BE(2), at: 4 };
  }
  return bytes.length < 10 ? undefined : { payloadBytes: Number(bytes.readBigUInt64BE(2)), at: 10 };
}

function unmasked(payload: Buffer, mask: Buffer): Buffer {
  const plain = Buffer.allocUnsafe(payload.length);
  for (let at = 0; at < payload.length; at++) plain[at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return plain;
}

/** Cuts a client's bytes into frames, however they arrive. */
export class FrameReader {
  readonly #payloadBytesMax: number;
  /** What has arrived and is looked at. */
  #bytes: Buffer = Buffer.alloc(0);
  /** What has arrived since, too little to end the frame. */
  #later: Buffer[] = [];
  #missingBytes = 0;
  #broken = false;

  constructor(payloadBytesMax: number) {
    this.#payloadBytesMax = payloadBytesMax;
  }

  /** The events that `chunk` completes. */
  *push(chunk: Buffer): Iterable<FrameEvent> {
    if (this.#broken) return;
    this.#later.push(chunk);
    this.#missingBytes -= chunk.length;
    if (this.#missingBytes > 0) return;
    this.#bytes = Buffer.concat([this.#bytes, ...this.#later]);
    this.#later = [];
    for (let event = this.#next(); event !== undefined; event = this.#next()) {
      yield event;
      if (event.kind === "violation") {
        this.#broken = true;
        return;
      }
    }
  }

  #next(): FrameEvent | undefined {
    const head = this.#head();
    if (head === undefined || "kind" in head) return head;
    const { fin, opcode: kind, mask, headBytes, payloadBytes } = head;
    const end = headBytes + payloadBytes;
    this.#missingBytes = end - this.#bytes.length;
    if (this.#missingBytes > 0) return undefined;
    const payload = unmasked(this.#bytes.subarray(headBytes, end), mask);
    this.#bytes = this.#bytes.subarray(end);
    return { kind: "frame", fin, opcode: kind, payload };
  }

  #head(): FrameHead | FrameEvent | undefined {
    const [first, second] = this.#bytes;
    if (first === undefined || second === undefined) return undefined;
    const fin = (first & 0x80) !== 0;
    const kind = first & 0x0f;
    if ((first & 0x70) !== 0) return violation("reserved bits are set");
    if (!knownOpcodes.has(kind)) return violation("unknown opcode");
    if ((second & 0x80) === 0) return violation("a client's frame is not masked");
    if (kind >= opcode.close && (!fin || (second & 0x7f) > controlBytesMax)) {
      return violation("a control frame is cut or too long");
    }
    const length = lengthOf(this.#bytes, second & 0x7f);
    if (length === undefined) return undefined;
    const { payloadBytes, at } = length;
    if (payloadBytes > this.#payloadBytesMax) {
      return violation(`a message exceeds ${this.#payloadBytesMax} bytes`, closeCode.tooLarge);
    }
    const headBytes = at + maskBytes;
    if (this.#bytes.length < headBytes) return undefined;
    return {
      fin,
      opcode: kind,
      mask: this.#bytes.subarray(at, headBytes),
      headBytes,
      payloadBytes,
    };
  }
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

/** The payload of a close frame. */
export function closePayload(code: number, reason: string): Buffer {
  const text = Buffer.from(reason).subarray(0, controlBytesMax - 2);
  const payload = Buffer.allocUnsafe(2 + text.length);
  payload.writeUInt16BE(code, 0);
  payload.set(text, 2);
  return payload;
}
