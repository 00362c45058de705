/** Cuts a connection's input into frames, wherever the network has cut it. Pure. */

import { free } from "#core/free.ts";
import { inOwnMemory } from "#core/own-memory.ts";
import { type ErrorCode, errorCode } from "./error-code.ts";
import { Frame, frameHeadBytes } from "./frames.ts";

const empty = Buffer.alloc(0);

/**
 * Gives whole frames out of pieces. A frame that lies whole in a piece is read where it lies; one
 * that is cut gets memory of its own, so payloads may be kept by whoever they are given to. Memory
 * in which every frame was forgotten is freed once it is read.
 */
export class FrameReader {
  /** The frame that `next` has read. */
  readonly frame = new Frame();
  /** What the frame's head breaks; its payload may then be missing. */
  flaw: ErrorCode = errorCode.noError;
  readonly #frameBytesMax: number;
  #bytes: Buffer = empty;
  #at = 0;
  #cut: Buffer | undefined;
  #cutBytes = 0;
  /** Somebody may keep a part of the frame that was read last, and of the input before that. */
  #isFrameKept = false;
  #isInputKept = false;
  /** Where that frame lies when it is not in the input. */
  #frameOfCut: Buffer | undefined;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Input is left that `next` has not looked at. */
  get pending(): boolean {
    return this.#at < this.#bytes.length;
  }

  /** No one keeps a part of the frame that was read last. */
  forget(): void {
    this.#isFrameKept = false;
  }

  /** Adds input from `at` on, which is the reader's from now on. */
  push(bytes: Buffer, at: number): void {
    if (this.pending) {
      this.#bytes = inOwnMemory(this.#bytes.subarray(this.#at), bytes.subarray(at));
      this.#at = 0;
    } else {
      this.#bytes = bytes;
      this.#at = at;
    }
    this.#isInputKept = false;
  }

  /** Reads the next frame; false when the input does not hold it whole. */
  next(): boolean {
    this.#settle();
    if (this.#cut !== undefined) return this.#nextOfCut(this.#cut);
    const left = this.#bytes.length - this.#at;
    if (left < frameHeadBytes) return this.#hold(frameHeadBytes);
    this.frame.readHead(this.#bytes, this.#at);
    this.flaw = this.frame.flaw(this.#frameBytesMax);
    if (this.flaw !== errorCode.noError) return true;
    if (this.frame.end > this.#bytes.length) return this.#hold(frameHeadBytes + this.frame.length);
    this.#at = this.frame.end;
    this.#isFrameKept = true;
    return true;
  }

  /** Frees the memory of the frame that was read last, or notes that it is kept. */
  #settle(): void {
    const cut = this.#frameOfCut;
    this.#frameOfCut = undefined;
    if (cut === undefined) this.#isInputKept ||= this.#isFrameKept;
    else if (!this.#isFrameKept) free(cut);
    this.#isFrameKept = false;
  }

  /** Keeps the rest of the input in memory for `size` bytes. */
  #hold(size: number): boolean {
    if (this.#at < this.#bytes.length) {
      // Not of Node's pool: its peer may let it wait, and what it holds is to be freed.
      this.#cut = Buffer.allocUnsafeSlow(size);
      this.#cutBytes = this.#bytes.copy(this.#cut, 0, this.#at);
    }
    return this.#release();
  }

  /** Lets go of the input: an idle connection holds none. */
  #release(): false {
    if (!this.#isInputKept) free(this.#bytes);
    this.#bytes = this.frame.bytes = empty;
    this.#at = 0;
    return false;
  }

  #nextOfCut(cut: Buffer): boolean {
    const taken = this.#bytes.copy(cut, this.#cutBytes, this.#at);
    this.#at += taken;
    this.#cutBytes += taken;
    if (this.#cutBytes < cut.length) return this.#release();
    this.frame.readHead(cut, 0);
    this.flaw = this.frame.flaw(this.#frameBytesMax);
    if (this.flaw === errorCode.noError && this.frame.end > cut.length) {
      this.#cut = Buffer.allocUnsafeSlow(this.frame.end);
      cut.copy(this.#cut);
      return this.#nextOfCut(this.#cut);
    }
    this.#cut = undefined;
    this.#frameOfCut = cut;
    this.#isFrameKept = true;
    return true;
  }
}
