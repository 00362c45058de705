/** A header block on its way in: one HEADERS frame, or more with CONTINUATION. Pure. */

import { inOwnMemory } from "#core/own-memory.ts";
import { type ErrorCode, errorCode } from "./error-code.ts";
import { type Frame, flag, uint31 } from "./frames.ts";

/** Frames of one block; empty ones count too. */
const framesMax = 8;
const empty = Buffer.alloc(0);

/** The block that is being read. A connection has one; nothing else may come while it is open. */
export class HeaderBlock {
  /** CONTINUATION is due. */
  open = false;
  streamId = 0;
  /** Its HEADERS frame ends the stream. */
  endsStream = false;
  /** Its priority makes the stream depend on itself. */
  dependsOnItself = false;
  /** Place of the block, once it is whole. */
  bytes: Buffer = empty;
  start = 0;
  end = 0;
  #frames = 0;

  /** Takes HEADERS; returns the connection error that its padding is. */
  begin(frame: Frame): ErrorCode {
    const priorityAt = frame.start + (frame.has(flag.padded) ? 1 : 0);
    const flaw = frame.trim();
    if (flaw !== errorCode.noError) return flaw;
    this.streamId = frame.streamId;
    this.endsStream = frame.has(flag.endStream);
    this.dependsOnItself =
      frame.has(flag.priority) && uint31(frame.bytes, priorityAt) === frame.streamId;
    this.open = !frame.has(flag.endHeaders);
    this.#frames = 1;
    this.start = frame.start;
    this.end = frame.end;
    this.bytes = frame.bytes;
    if (this.open) this.#hold(inOwnMemory(frame.bytes.subarray(frame.start, frame.end)));
    return errorCode.noError;
  }

  /** Takes CONTINUATION. False when frames or bytes are more than anybody needs. */
  append(frame: Frame, bytesMax: number): boolean {
    this.#frames += 1;
    if (this.#frames > framesMax || this.end + frame.length > bytesMax) return false;
    this.open = !frame.has(flag.endHeaders);
    this.#hold(inOwnMemory(this.bytes, frame.bytes.subarray(frame.start, frame.end)));
    return true;
  }

  /** Lets go of the bytes. */
  release(): void {
    this.bytes = empty;
  }

  #hold(bytes: Buffer): void {
    this.bytes = bytes;
    this.start = 0;
    this.end = bytes.length;
  }
}
