/** Cuts the bytes of a provider's stream into frames: server-sent events, or lines of JSON. Pure. */

import { GatheredBytes } from "#core/gathered-bytes.ts";
import type { Frame, Framing } from "./dialect.ts";
import { malformed } from "./upstream-error.ts";

/** Longest frame that is held while it is not whole. */
const frameBytesMaxDefault = 16 * 1024 * 1024;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const dataField = "data: ";
/** What a line of data takes besides its characters. */
const lineBytes = 32;
const byteOrderMark = "\ufeff";

/** Whole lines of bytes that come in any pieces. Lines end with LF, CR or both. */
class LineReader {
  readonly #bytesMax: number;
  /** The beginning of a line that is not whole, copied: pieces may be tiny, and hold on to more than their bytes. */
  readonly #held = new GatheredBytes();
  /** The last byte was a CR: a LF that follows belongs to it. */
  #skipsLineFeed = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Nothing of the next line has come. */
  get isBetween(): boolean {
    return this.#held.length === 0 && !this.#skipsLineFeed;
  }

  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = this.#skipsLineFeed && chunk[0] === lineFeed ? 1 : 0;
    if (chunk.length > 0) this.#skipsLineFeed = false;
    const feeds = new Places(chunk, lineFeed);
    const carriages = new Places(chunk, carriageReturn);
    const endFrom = (start: number) => firstOf(feeds.from(start), carriages.from(start));
    for (let at = endFrom(from); at >= 0; at = endFrom(from)) {
      lines.push(this.#take(chunk.subarray(from, at)));
      from = at + 1;
      if (chunk[at] !== carriageReturn) continue;
      if (from === chunk.length) this.#skipsLineFeed = true;
      else if (chunk[from] === lineFeed) from += 1;
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from));
    return lines;
  }

  /** What came after the last end of a line. */
  rest(): string {
    return this.#take(Buffer.alloc(0));
  }

  #hold(piece: Buffer): void {
    if (this.#held.length + piece.length > this.#bytesMax) {
      throw malformed(`the provider sent a line of more than ${this.#bytesMax} bytes`);
    }
    this.#held.add(piece);
  }

  #take(last: Buffer): string {
    return bufferOf(this.#held.take(last)).toString();
  }
}

/** The lesser of two places; -1 is none. */
function firstOf(one: number, other: number): number {
  return one < 0 || other < 0 ? Math.max(one, other) : Math.min(one, other);
}

/** Where an octet stands in a chunk. Each octet of the chunk is looked at once, however short its lines are. */
class Places {
  readonly #chunk: Buffer;
  readonly #octet: number;
  /** The last place that was found; -1 when there is none further on. */
  #at: number;

  constructor(chunk: Buffer, octet: number) {
    this.#chunk = chunk;
    this.#octet = octet;
    this.#at = chunk.indexOf(octet);
  }

  /** The first place at or after `start`, which never goes back; -1 for none. */
  from(start: number): number {
    if (this.#at >= 0 && this.#at < start) this.#at = this.#chunk.indexOf(this.#octet, start);
    return this.#at;
  }
}

/** Cuts one stream. */
export interface FrameReader {
  /** Frames that are whole now. Throws BACKEND_MALFORMED for a frame that is too long. */
  push(chunk: Uint8Array): Frame[];
  /** The connection has ended: a last line of JSON needs no end of its own; an event that is not whole is none. */
  end(): Frame[];
}

function bufferOf(chunk: Uint8Array): Buffer {
  return chunk instanceof Buffer
    ? chunk
    : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** Whether a field of data, of the common form, begins there. */
function isDataField(bytes: Buffer, at: number): boolean {
  for (let place = 0; place < dataField.length; place += 1) {
    if (bytes[at + place] !== dataField.charCodeAt(place)) return false;
  }
  return true;
}

class EventReader implements FrameReader {
  readonly #lines: LineReader;
  readonly #bytesMax: number;
  #event: string | undefined;
  #data: string[] = [];
  #dataLength = 0;
  #isFirst = true;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#lines = new LineReader(bytesMax);
  }

  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    const bytes = bufferOf(chunk);
    const from = this.#plain(bytes, frames);
    if (from === bytes.length) return frames;
    const rest = from === 0 ? bytes : bytes.subarray(from);
    for (const line of this.#lines.push(rest)) this.#line(line, frames);
    return frames;
  }

  /** The faster way, for events of one line of data, which most are. Returns how far it came. */
  #plain(bytes: Buffer, frames: Frame[]): number {
    if (this.#event !== undefined || this.#data.length > 0 || !this.#lines.isBetween) return 0;
    const carriage = bytes.indexOf(carriageReturn);
    let from = 0;
    while (isDataField(bytes, from)) {
      const end = bytes.indexOf(lineFeed, from);
      const isWhole = end >= 0 && bytes[end + 1] === lineFeed;
      const isLong = end - from + lineBytes > this.#bytesMax;
      if (!isWhole || isLong || (carriage >= 0 && carriage < end)) break;
      frames.push({ data: bytes.toString("utf8", from + dataField.length, end) });
      this.#isFirst = false;
      from = end + 2;
    }
    return from;
  }

  #line(read: string, frames: Frame[]): void {
    const line = this.#isFirst && read.startsWith(byteOrderMark) ? read.slice(1) : read;
    this.#isFirst = false;
    if (line === "") {
      if (this.#data.length > 0) {
        const data = this.#data.join("\n");
        frames.push(this.#event === undefined ? { data } : { event: this.#event, data });
      }
      this.#event = undefined;
      this.#data = [];
      this.#dataLength = 0;
      return;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "event") this.#event = value;
    if (name !== "data") return;
    // An empty line of data takes memory, too.
    this.#dataLength += value.length + lineBytes;
    if (this.#dataLength > this.#bytesMax) {
      throw malformed(`the provider sent an event of more than ${this.#bytesMax} bytes`);
    }
    this.#data.push(value);
  }

  end(): Frame[] {
    return [];
  }
}

class JsonLineReader implements FrameReader {
  readonly #lines: LineReader;

  constructor(bytesMax: number) {
    this.#lines = new LineReader(bytesMax);
  }

  push(chunk: Uint8Array): Frame[] {
    return this.#lines
      .push(bufferOf(chunk))
      .filter((line) => line !== "")
      .map((data) => ({ data }));
  }

  end(): Frame[] {
    const data = this.#lines.rest();
    return data.trim() === "" ? [] : [{ data }];
  }
}

/** A reader of one stream. The format is that of the HTML standard, §9.2.6, or of ndjson.org. */
export function frameReader(framing: Framing, bytesMax = frameBytesMaxDefault): FrameReader {
  return framing === "sse" ? new EventReader(bytesMax) : new JsonLineReader(bytesMax);
}
