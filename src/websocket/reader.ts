/** Puts a WebSocket client's bytes together to messages and control frames, within bounds. */

import type { ByteBudget } from "#core/byte-budget.ts";
import { free } from "#core/free.ts";
import { GatheredBytes } from "#core/gathered-bytes.ts";
import { inOwnMemory } from "#core/own-memory.ts";
import {
  closeCode,
  type FrameHead,
  headBytesMax,
  headOf,
  isControl,
  opcode,
  type Violation,
} from "./frame.ts";

/** Who is given what is whole. */
export interface MessageTaker {
  /** It wants no further message yet: reading stops until `readOn`. */
  readonly isFull: boolean;
  onText(text: string): void;
  onPing(payload: Buffer): void;
  onClose(payload: Buffer): void;
  /** A rule was broken. Nothing follows. */
  onViolation(violation: Violation): void;
}

/** What a message may be. */
export interface MessageLimits {
  readonly messageBytesMax: number;
  /** Frames that one message may come in, empty ones included. */
  readonly framesMax: number;
}

const nothing = Buffer.alloc(0);
/** Fewer bytes are unmasked one by one. */
const wordsWorthBytes = 512;

/** Takes the mask off `bytes`, which are those from `from` on of their frame. */
function flipMask(bytes: Buffer, mask: Buffer, from: number): void {
  const { buffer, byteOffset, length } = bytes;
  if (length < wordsWorthBytes) {
    flipBytes(bytes, mask, from);
    return;
  }
  // Four at a time: a client may send as fast as this takes them.
  const wordsAt = -byteOffset & 3;
  const words = new Int32Array(buffer, byteOffset + wordsAt, (length - wordsAt) >> 2);
  const turned = Buffer.alloc(4);
  flipBytes(turned, mask, from + wordsAt);
  const word = new Int32Array(turned.buffer, turned.byteOffset, 1)[0] ?? 0;
  for (let at = 0; at < words.length; at += 1) words[at] = (words[at] ?? 0) ^ word;
  const wordsEnd = wordsAt + 4 * words.length;
  flipBytes(bytes.subarray(0, wordsAt), mask, from);
  flipBytes(bytes.subarray(wordsEnd), mask, from + wordsEnd);
}

function flipBytes(bytes: Buffer, mask: Buffer, from: number): void {
  for (let at = 0; at < bytes.length; at += 1) {
    bytes[at] = (bytes[at] ?? 0) ^ (mask[(from + at) & 3] ?? 0);
  }
}

/** A decoder per message: one that many share could carry what one begins over to the next. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Reads one connection. */
export class MessageReader {
  readonly #limits: MessageLimits;
  readonly #taker: MessageTaker;
  readonly #held: ByteBudget;
  /** What came last, and what of it was not read yet. */
  #chunk: Buffer = nothing;
  #bytes: Buffer = nothing;
  readonly #headBytes = Buffer.alloc(headBytesMax);
  #headLength = 0;
  #head: FrameHead | undefined;
  /** Bytes of the frame's payload that were read. */
  #payloadAt = 0;
  /** A message as far as it came in pieces. */
  readonly #gathered: GatheredBytes;
  /** The payload of a control frame. */
  #control: Buffer = nothing;
  /** Frames of the message that has begun; 0: none has. */
  #frames = 0;
  #discards = false;
  #isOver = false;

  constructor(limits: MessageLimits, held: ByteBudget, taker: MessageTaker) {
    this.#limits = limits;
    this.#held = held;
    this.#gathered = new GatheredBytes(limits.messageBytesMax);
    this.#taker = taker;
  }

  /** A message or a frame has begun and not ended. */
  get isWithin(): boolean {
    return this.#frames > 0 || this.#headLength > 0;
  }

  /** Reads `chunk`, which is the reader's from here on: it is freed once it is read. */
  push(chunk: Buffer): void {
    if (this.#isOver) {
      free(chunk);
      return;
    }
    this.#chunk = this.#bytes.length === 0 ? chunk : inOwnMemory(this.#bytes, chunk);
    this.#bytes = this.#chunk;
    this.readOn();
  }

  /** Goes on with what is there, as far as messages are wanted. */
  readOn(): void {
    while (this.#bytes.length > 0 && !this.#isOver && !this.#taker.isFull) {
      if (this.#head === undefined) this.#readHead();
      if (this.#head !== undefined) this.#readPayload(this.#head);
    }
    if (this.#bytes.length > 0) return;
    free(this.#chunk);
    this.#chunk = this.#bytes = nothing;
  }

  /** Messages are no one's any more: only control frames count. */
  discard(): void {
    this.#discards = true;
    this.#forget();
  }

  /** Nothing counts any more. */
  end(): void {
    this.#isOver = true;
    this.#bytes = nothing;
    this.#forget();
  }

  #take(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  #readHead(): void {
    const begun = this.#headLength;
    const missing = headBytesMax - begun;
    const copied = this.#bytes.copy(this.#headBytes, begun, 0, missing);
    const head = headOf(this.#headBytes.subarray(0, begun + copied));
    if (head === undefined) {
      this.#headLength += this.#take(copied).length;
      return;
    }
    if (!("mask" in head)) {
      this.#break(head);
      return;
    }
    const headLength = head.mask.byteOffset - this.#headBytes.byteOffset + head.mask.length;
    this.#take(headLength - begun);
    this.#headLength = headLength;
    this.#payloadAt = 0;
    this.#begin(head);
  }

  /** Whether a frame may come here, before its payload does. */
  #begin(head: FrameHead): void {
    const violation = isControl(head.opcode) ? undefined : this.#misplaced(head);
    if (violation !== undefined) {
      this.#break(violation);
      return;
    }
    this.#head = head;
    if (isControl(head.opcode)) this.#control = Buffer.alloc(head.payloadBytes);
    if (head.payloadBytes === 0) this.#readPayload(head);
  }

  #misplaced({ opcode: kind, payloadBytes }: FrameHead): Violation | undefined {
    const { messageBytesMax, framesMax } = this.#limits;
    if (kind === opcode.binary) {
      return { code: closeCode.unsupportedData, problem: "messages are JSON texts" };
    }
    if ((kind === opcode.continuation) !== this.#frames > 0) {
      const problem = "pieces of messages are out of order";
      return { code: closeCode.protocolError, problem };
    }
    this.#frames += 1;
    if (this.#frames > framesMax) {
      const problem = `a message comes in more than ${framesMax} frames`;
      return { code: closeCode.policyViolation, problem };
    }
    if (!this.#discards && this.#gathered.length + payloadBytes > messageBytesMax) {
      const problem = `a message exceeds ${messageBytesMax} bytes`;
      return { code: closeCode.tooLarge, problem };
    }
    return undefined;
  }

  #readPayload(head: FrameHead): void {
    const piece = this.#take(head.payloadBytes - this.#payloadAt);
    const isOfMessage = !isControl(head.opcode);
    if (!(isOfMessage && this.#discards)) flipMask(piece, head.mask, this.#payloadAt);
    this.#payloadAt += piece.length;
    const isWhole = this.#payloadAt === head.payloadBytes;
    if (isWhole) {
      this.#head = undefined;
      this.#headLength = 0;
    }
    if (isOfMessage) this.#addToMessage(piece, isWhole && head.fin);
    else this.#addToControl(head, piece, isWhole);
  }

  #addToControl(head: FrameHead, piece: Buffer, isWhole: boolean): void {
    piece.copy(this.#control, this.#payloadAt - piece.length);
    if (!isWhole) return;
    const payload = this.#control;
    if (head.opcode === opcode.ping) this.#taker.onPing(payload);
    else if (head.opcode === opcode.close) this.#taker.onClose(payload);
  }

  #addToMessage(piece: Buffer, isLast: boolean): void {
    if (this.#discards) {
      if (isLast) this.#frames = 0;
      return;
    }
    if (isLast && this.#gathered.length === 0) {
      this.#frames = 0;
      this.#message(piece);
      return;
    }
    if (!this.#gather(piece) || !isLast) return;
    this.#frames = 0;
    this.#message(this.#gathered.bytes);
    this.#forget();
  }

  #gather(piece: Buffer): boolean {
    const { roomBytes } = this.#gathered;
    if (!this.#held.take(this.#gathered.roomBytesWith(piece.length) - roomBytes)) {
      const problem = "too much is held of unfinished messages; try again later";
      this.#break({ code: closeCode.tryAgainLater, problem });
      return false;
    }
    this.#gathered.add(piece);
    return true;
  }

  #forget(): void {
    this.#held.release(this.#gathered.roomBytes);
    this.#gathered.clear();
  }

  #message(bytes: Uint8Array): void {
    const text = textOf(bytes);
    if (text !== undefined) this.#taker.onText(text);
    else this.#break({ code: closeCode.invalidText, problem: "a message is not UTF-8" });
  }

  #break(violation: Violation): void {
    this.end();
    this.#taker.onViolation(violation);
  }
}
