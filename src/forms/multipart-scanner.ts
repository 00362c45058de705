/** Takes a multipart body apart while it arrives, and holds none of it (RFC 2046, 5.1; RFC 7578). Pure. */

import { mediaTypeFrom } from "#http/media-type.ts";
import { badHead, malformedForm, type PartHead, partHeadFrom } from "./part-head.ts";

/** RFC 2046, 5.1.1. */
const boundaryPattern = /^[\w'()+,\-./:=? ]{1,70}$/;

/** The boundary that a content type names. Throws BODY_MALFORMED for none. */
export function boundaryOf(contentType: string): string {
  const boundary = mediaTypeFrom(contentType).parameters.get("boundary") ?? "";
  if (boundaryPattern.test(boundary)) return boundary;
  throw malformedForm("the content-type names no boundary");
}

/** What gets a form's parts, in their order; places are counted in bytes of the body. */
export interface FormSink {
  /** A part begins, whose content begins at `start`. */
  begin(head: PartHead, start: number): void;
  /** A piece of its content: good until the next call. */
  content(bytes: Uint8Array): void;
  /** It has ended: what follows its content begins at `end`. */
  end(end: number): void;
}

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

  /** What is there: valid until the next `add`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Adds bytes after those that are there, which move or have a larger place when there is no room. */
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

/** Pieces of a body in, its parts reported to a sink. */
export class MultipartScanner {
  readonly #delimiter: Buffer;
  readonly #sink: FormSink;
  readonly #window = new Window();
  #place: Place = "preamble";
  #parts = 0;
  /** Where in the body the window begins. The first boundary need not have a line before it: that is added. */
  #at = -lineEnd.length;
  /** Where in the window the end of a head may still be found. */
  #headSearched = 0;

  constructor(boundary: string, sink: FormSink) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
    this.#sink = sink;
    this.#window.add(lineEnd);
  }

  /** Takes a piece. Throws BODY_MALFORMED, past a limit too: the rest is not looked at then. */
  push(piece: Uint8Array): void {
    if (this.#place === "epilogue") return;
    this.#window.add(piece);
    while (this.#step());
  }

  /** The body has ended. Throws BODY_MALFORMED for one that is not whole. */
  end(): void {
    if (this.#place !== "epilogue") throw malformedForm(cutOff);
  }

  #drop(count: number): void {
    this.#window.drop(count);
    this.#at += count;
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
    if (this.#place === "content") this.#sink.content(bytes.subarray(0, end));
    this.#drop(end);
    if (at < 0) return false;
    if (this.#place === "content") this.#sink.end(this.#at);
    this.#drop(this.#delimiter.length);
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
    if (blanks > paddingBytesMax) throw malformedForm("a boundary has too many blanks after it");
    if (bytes.length < blanks + lineEnd.length) return false;
    if (bytes.indexOf(lineEnd) !== blanks) throw malformedForm(cutOff);
    if (this.#parts === partsMax) throw malformedForm(`more than ${partsMax} parts`);
    this.#parts += 1;
    // The line's end stays: before an empty head it is the half of what ends it.
    this.#drop(blanks);
    this.#headSearched = 0;
    this.#place = "head";
    return true;
  }

  #readHead(): boolean {
    const { bytes } = this.#window;
    const end = bytes.indexOf(headEnd, this.#headSearched);
    const next = bytes.indexOf(this.#delimiter, this.#headSearched);
    if (next >= 0 && (end < 0 || next < end)) throw badHead();
    // The end of a head that is as long as it may be can come in pieces.
    const isEndless = end < 0 && bytes.length >= headBytesMax + headEnd.length;
    if (end > headBytesMax || isEndless) {
      throw malformedForm(`a part's head exceeds ${headBytesMax} bytes`);
    }
    if (end < 0) {
      this.#headSearched = Math.max(0, bytes.length - this.#delimiter.length);
      return false;
    }
    const head = partHeadFrom(bytes.subarray(Math.min(lineEnd.length, end), end));
    this.#drop(end + headEnd.length);
    this.#sink.begin(head, this.#at);
    this.#place = "content";
    return true;
  }
}
