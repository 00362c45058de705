/** The chunked coding (RFC 9112 §7.1), read strictly: what is data and what is framing. */

import { tokenOctets, valueOctets } from "#http/field-text.ts";
import { octet } from "./octets.ts";
import { extensionsTooLong, notHttp, type Refusal } from "./refusal.ts";

/** Where in the coding the next octet stands. */
const place = {
  /** The first digit of a size, and those after it. */
  sizeStart: 0,
  size: 1,
  /** Extensions, of which only bytes are counted: the name, what begins a value, and values. */
  extensionNameStart: 2,
  extensionName: 3,
  extensionValueStart: 4,
  extensionValue: 5,
  quoted: 6,
  quotedPair: 7,
  quotedEnd: 8,
  sizeLf: 9,
  data: 10,
  dataCr: 11,
  dataLf: 12,
  /** The last chunk is read; trailers follow. */
  end: 13,
} as const;

type Place = (typeof place)[keyof typeof place];

/** Digits of a size, leading zeros included: what they make is counted exactly. */
const sizeDigitsMax = 12;

/** Reads the chunks of one body, up to the line of the last one. */
export class ChunkedReader {
  /** Why the body was refused. */
  refusal: Refusal | undefined;
  /** Where the data that the last `read` found ends; it begins where that read began. */
  dataEnd = 0;
  readonly #extensionBytesMax: number;
  #place: Place = place.sizeStart;
  #extensionBytes = 0;
  #sizeDigits = 0;
  #leftBytes = 0;

  constructor(extensionBytesMax: number) {
    this.#extensionBytesMax = extensionBytesMax;
  }

  /** The last chunk is read; trailers begin where that read ended. */
  get isOver(): boolean {
    return this.#place === place.end;
  }

  /**
   * Reads on at `start` and returns where it stopped: the end of `bytes` unless the body is over or
   * refused. Data of several chunks is moved together within `bytes`, over framing that was read.
   */
  read(bytes: Buffer, start: number): number {
    let at = start;
    this.dataEnd = start;
    while (at < bytes.length && this.#place !== place.end) {
      if (this.#place === place.data) {
        const count = Math.min(this.#leftBytes, bytes.length - at);
        if (at !== this.dataEnd) bytes.copyWithin(this.dataEnd, at, at + count);
        this.dataEnd += count;
        this.#leftBytes -= count;
        at += count;
        if (this.#leftBytes === 0) this.#place = place.dataCr;
      } else {
        const next = this.#step(bytes[at] ?? 0);
        if (next === undefined) {
          this.refusal ??= notHttp;
          return at;
        }
        this.#place = next;
        at += 1;
      }
    }
    return at;
  }

  /** The place after an octet of framing; undefined when it may not stand there. */
  #step(code: number): Place | undefined {
    switch (this.#place) {
      case place.sizeStart:
      case place.size:
        return this.#stepSize(code);
      case place.sizeLf:
        if (code !== octet.lf) return undefined;
        return this.#leftBytes === 0 ? place.end : place.data;
      case place.dataCr:
        return code === octet.cr ? place.dataLf : undefined;
      case place.dataLf:
        this.#sizeDigits = 0;
        return code === octet.lf ? place.sizeStart : undefined;
      default:
        return this.#stepExtension(code);
    }
  }

  #stepSize(code: number): Place | undefined {
    const digit = hexDigitOf(code);
    if (digit >= 0) {
      this.#sizeDigits += 1;
      this.#leftBytes = this.#leftBytes * 16 + digit;
      return this.#sizeDigits <= sizeDigitsMax ? place.size : undefined;
    }
    if (this.#place === place.sizeStart) return undefined;
    return this.#stepBehind(code);
  }

  #stepExtension(code: number): Place | undefined {
    this.#extensionBytes += 1;
    if (this.#extensionBytes > this.#extensionBytesMax) {
      this.refusal = extensionsTooLong;
      return undefined;
    }
    const isToken = tokenOctets[code] === 1;
    switch (this.#place) {
      case place.extensionNameStart:
        return isToken ? place.extensionName : undefined;
      case place.extensionName:
        if (isToken) return place.extensionName;
        return code === octet.equals ? place.extensionValueStart : this.#stepBehind(code);
      case place.extensionValueStart:
        if (code === octet.quote) return place.quoted;
        return isToken ? place.extensionValue : undefined;
      case place.extensionValue:
        return isToken ? place.extensionValue : this.#stepBehind(code);
      case place.quoted:
        if (code === octet.quote) return place.quotedEnd;
        if (code === octet.backslash) return place.quotedPair;
        return valueOctets[code] === 1 ? place.quoted : undefined;
      case place.quotedPair:
        return valueOctets[code] === 1 ? place.quoted : undefined;
      default:
        return this.#stepBehind(code);
    }
  }

  /** What may follow a size or an extension. */
  #stepBehind(code: number): Place | undefined {
    if (code === octet.cr) return place.sizeLf;
    return code === octet.semicolon ? place.extensionNameStart : undefined;
  }
}

function hexDigitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
