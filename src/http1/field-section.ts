/** Lines of fields up to the empty one, of a head or of trailers (RFC 9112 §5): read strictly and in place. */

import { valueOctets } from "#http/field-text.ts";
import { type FieldName, type FieldNames, fieldKind } from "./field-name.ts";
import type { ConnectionLimits } from "./limits.ts";
import { lowerOf, octet } from "./octets.ts";
import { headTooLong, notHttp, type Refusal, tooManyFields } from "./refusal.ts";

/** What reading input needs besides the input. */
export interface Reading {
  readonly limits: ConnectionLimits;
  readonly names: FieldNames;
}

/** More input is needed. */
export const needsMore = -1;
/** The input breaks a rule; which one is reported. */
export const isRefused = -2;

/** Fields of one message, values still where they came. It can be read on when more has come. */
export class FieldSection {
  /** Why it was refused. */
  refusal: Refusal = notHttp;
  readonly names: FieldName[] = [];
  /** Where the input with the section is, and where in it the section begins. */
  protected bytes: Buffer;
  protected origin: number;
  /** Where the first line begins that was not read, counted from `origin`. */
  protected next = 0;
  /** Beginnings and ends of values, counted from `origin`. */
  readonly #spans: number[] = [];

  constructor(bytes: Buffer, origin: number) {
    this.bytes = bytes;
    this.origin = origin;
  }

  /** The input with the section has moved: more came after it. */
  move(bytes: Buffer, origin: number): void {
    this.bytes = bytes;
    this.origin = origin;
  }

  /** Copies the section, unless it is most of the input that it would hold on to. */
  own(): void {
    if (this.bytes.buffer.byteLength <= 2 * this.next) return;
    const copy = Buffer.allocUnsafeSlow(this.next);
    this.bytes.copy(copy, 0, this.origin, this.origin + this.next);
    this.move(copy, 0);
  }

  /** Where the section ends in the input, or `needsMore`, or `isRefused`. */
  readFields(reading: Reading): number {
    const { bytes, origin } = this;
    const end = Math.min(bytes.length, origin + reading.limits.headBytesMax);
    for (let at = origin + this.next; ; at = origin + this.next) {
      if (at >= end) return this.moreOf(reading.limits);
      if (bytes[at] === octet.cr) {
        if (at + 1 >= end) return this.moreOf(reading.limits);
        if (bytes[at + 1] !== octet.lf) return isRefused;
        this.next = at + 2 - origin;
        return at + 2;
      }
      const outcome = this.#readLine(at, end, reading);
      if (outcome < 0) return outcome === needsMore ? this.moreOf(reading.limits) : outcome;
      this.next = outcome - origin;
    }
  }

  /** Reads one field, from `start` to after its line end. */
  #readLine(start: number, end: number, { limits, names }: Reading): number {
    const { bytes } = this;
    let at = start;
    let hash = 0;
    for (; at < end; at += 1) {
      const lower = lowerOf[bytes[at] ?? 0] ?? 0;
      if (lower === 0) break;
      hash = (hash * 31 + lower) | 0;
    }
    if (at === end) return needsMore;
    if (at === start || bytes[at] !== octet.colon) return isRefused;
    const nameEnd = at;
    at += 1;
    while (at < end && isBlank(bytes[at])) at += 1;
    const valueStart = at;
    while (at < end && valueOctets[bytes[at] ?? 0] === 1) at += 1;
    if (at === end) return needsMore;
    if (bytes[at] !== octet.cr) return isRefused;
    if (at + 1 === end) return needsMore;
    if (bytes[at + 1] !== octet.lf) return isRefused;
    if (this.names.length === limits.headFieldsMax) return this.refuse(tooManyFields(limits));
    let valueEnd = at;
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd -= 1;
    const name = names.at(bytes, start, nameEnd, hash);
    if (name.kind === fieldKind.transferEncoding && hasTab(bytes, nameEnd, at)) return isRefused;
    this.names.push(name);
    this.#spans.push(valueStart - this.origin, valueEnd - this.origin);
    return at + 2;
  }

  /** The value of the field with this index. */
  valueAt(index: number): string {
    const { origin } = this;
    const start = this.#spans[2 * index] ?? 0;
    const end = this.#spans[2 * index + 1] ?? 0;
    return this.bytes.toString("latin1", origin + start, origin + end);
  }

  /** Value of a field by lower-case name; several joined, cookies by "; ". */
  header(name: string): string | undefined {
    const { names } = this;
    let found: string | undefined;
    for (let index = 0; index < names.length; index += 1) {
      if (names[index]?.text !== name) continue;
      if (found === undefined) found = this.valueAt(index);
      else found += (name === "cookie" ? "; " : ", ") + this.valueAt(index);
    }
    return found;
  }

  /** All fields in order, names in lower case. */
  *headers(): Generator<readonly [name: string, value: string]> {
    for (const [index, { text }] of this.names.entries()) yield [text, this.valueAt(index)];
  }

  protected refuse(refusal: Refusal): number {
    this.refusal = refusal;
    return isRefused;
  }

  /** What came is not enough: `needsMore`, or too much already. */
  protected moreOf(limits: ConnectionLimits): number {
    return this.isFull(limits) ? this.refuse(headTooLong(limits)) : needsMore;
  }

  /** As many bytes lie here as the section may have. */
  protected isFull({ headBytesMax }: ConnectionLimits): boolean {
    return this.bytes.length - this.origin >= headBytesMax;
  }
}

/** Stands around the name of a coding where somebody hides it from one of two parsers. */
function hasTab(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] === octet.tab) return true;
  return false;
}

function isBlank(code: number | undefined): boolean {
  return code === octet.space || code === octet.tab;
}
