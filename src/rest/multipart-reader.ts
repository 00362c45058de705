/** Takes a multipart body apart while it arrives (RFC 2046, 5.1; RFC 7578). Pure. */

import { GatheredBytes } from "#core/gathered-bytes.ts";
import {
  badHead,
  type FormPart,
  formPart,
  malformedForm,
  type PartHead,
  partHeadFrom,
} from "./form-part.ts";

/** Parts of one body. */
const partsMax = 256;
/** Longest head of a part, in bytes. */
const headBytesMax = 8192;
/** Blanks between a boundary and its line's end, in bytes. */
const paddingBytesMax = 256;

const dash = 0x2d;
const space = 0x20;
const tab = 0x09;
const headEnd = Buffer.from("\r\n\r\n");
const lineEnd = Buffer.from("\r\n");
const cutOff = "it is cut off or broken";

/** Bytes that have come and are not done with. */
class Window {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** What is there: valid until the next `add`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Adds bytes behind those that are there, which move or have a larger place when there is no room. */
  add(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#bytes.length) this.#makeRoom(piece.length);
    this.#bytes.set(piece, this.#end);
    this.#end += piece.length;
  }

  #makeRoom(count: number): void {
    const kept = this.bytes;
    const isRoomy = kept.length + count <= this.#bytes.length / 2;
    const target = isRoomy ? this.#bytes : Buffer.allocUnsafeSlow(2 * (kept.length + count) + 1024);
    kept.copy(target);
    this.#bytes = target;
    this.#start = 0;
    this.#end = kept.length;
  }

  drop(count: number): void {
    this.#start += count;
  }
}

type Place = "preamble" | "content" | "boundary" | "head" | "epilogue";

/** Pieces of a body in, its parts out. */
export class MultipartReader {
  readonly #delimiter: Buffer;
  readonly #window = new Window();
  readonly #parts: FormPart[] = [];
  #place: Place = "preamble";
  #head: PartHead | undefined;
  #content = new GatheredBytes();
  /** Where in the window the end of a head may still be found. */
  #headSearched = 0;

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
    // The first boundary need not have a line before it.
    this.#window.add(lineEnd);
  }

  /** Takes a piece. Throws BODY_MALFORMED, past a limit too: the rest is not looked at then. */
  push(piece: Uint8Array): void {
    if (this.#place === "epilogue") return;
    this.#window.add(piece);
    while (this.#step());
  }

  /** The parts in their order. Throws BODY_MALFORMED for a body that is not whole. */
  end(): readonly FormPart[] {
    if (this.#place !== "epilogue") throw malformedForm(cutOff);
    return this.#parts;
  }

  /** Whether there is more to do with what is there. */
  #step(): boolean {
    switch (this.#place) {
      case "preamble":
      case "content":
        return this.#toBoundary();
      case "boundary":
        return this.#behindBoundary();
      case "head":
        return this.#readHead();
      case "epilogue":
        return false;
    }
  }

  #toBoundary(): boolean {
    const { bytes } = this.#window;
    const at = bytes.indexOf(this.#delimiter);
    // What may be the beginning of a delimiter stays.
    const end = at >= 0 ? at : Math.max(0, bytes.length - this.#delimiter.length + 1);
    if (this.#place === "content") this.#content.add(bytes.subarray(0, end));
    this.#window.drop(end);
    if (at < 0) return false;
    this.#window.drop(this.#delimiter.length);
    if (this.#head !== undefined) {
      this.#parts.push(formPart(this.#head, this.#content.take(new Uint8Array(0))));
    }
    this.#head = undefined;
    this.#place = "boundary";
    return true;
  }

  /** Two dashes end the body; else the line may have blanks, and no more (RFC 2046: transport padding). */
  #behindBoundary(): boolean {
    const { bytes } = this.#window;
    if (bytes.length < 2) return false;
    if (bytes[0] === dash && bytes[1] === dash) {
      this.#place = "epilogue";
      return true;
    }
    let blanks = 0;
    while (bytes[blanks] === space || bytes[blanks] === tab) blanks += 1;
    if (blanks > paddingBytesMax) throw malformedForm("a boundary has too many blanks behind it");
    if (bytes.length < blanks + lineEnd.length) return false;
    if (bytes.indexOf(lineEnd) !== blanks) throw malformedForm(cutOff);
    if (this.#parts.length === partsMax) throw malformedForm(`more than ${partsMax} parts`);
    // The line's end stays: before an empty head it is the half of what ends it.
    this.#window.drop(blanks);
    this.#headSearched = 0;
    this.#place = "head";
    return true;
  }

  #readHead(): boolean {
    const { bytes } = this.#window;
    const end = bytes.indexOf(headEnd, this.#headSearched);
    const next = bytes.indexOf(this.#delimiter, this.#headSearched);
    if (next >= 0 && (end < 0 || next < end)) throw badHead();
    if (end > headBytesMax || (end < 0 && bytes.length > headBytesMax)) {
      throw malformedForm(`a part's head exceeds ${headBytesMax} bytes`);
    }
    if (end < 0) {
      this.#headSearched = Math.max(0, bytes.length - this.#delimiter.length);
      return false;
    }
    this.#head = partHeadFrom(bytes.subarray(Math.min(lineEnd.length, end), end));
    this.#window.drop(end + headEnd.length);
    this.#place = "content";
    return true;
  }
}
