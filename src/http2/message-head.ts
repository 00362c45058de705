/** The head of a message: what RFC 9113 §8 demands of its fields together. Pure. */

import { type Field, type FieldKind, fieldKind } from "./field.ts";
import type { FieldBuffer } from "./field-buffer.ts";
import { flawOf } from "./head-refusal.ts";

/** Which rules hold for a list of fields. */
export type MessagePart = "request" | "response" | "trailers";

const none: readonly Field[] = [];

/** Bits of what was seen, one per kind. */
const methodBit = 1 << fieldKind.method;
const schemeBit = 1 << fieldKind.scheme;
const authorityBit = 1 << fieldKind.authority;
const pathBit = 1 << fieldKind.path;
const protocolBit = 1 << fieldKind.protocol;
const statusBit = 1 << fieldKind.status;
const hostBit = 1 << fieldKind.host;

/** A checked head. A connection has one, and reads each list with it. */
export class MessageHead {
  method = "";
  scheme = "";
  /** The value of :authority, else of Host; empty when there is neither. */
  authority = "";
  path = "";
  /** The value of :protocol (RFC 8441). */
  protocol = "";
  status = 0;
  /** -1 when the message does not tell. */
  contentLength = -1;
  /** Why the last list was malformed, by the name of a field. */
  flaw = "";
  /** The list without its pseudo fields. */
  fields: readonly Field[] = none;
  #seen = 0;
  #host = "";

  /** Takes a list apart. False when the message is malformed; what was read then means nothing. */
  read(list: FieldBuffer, part: MessagePart): boolean {
    const { items, count } = list;
    this.method = this.scheme = this.authority = this.path = this.protocol = "";
    this.status = 0;
    this.contentLength = -1;
    this.flaw = "";
    this.fields = none;
    this.#host = "";
    this.#seen = 0;
    let pseudos = 0;
    for (let index = 0; index < count; index += 1) {
      const field = items[index];
      if (field === undefined) continue;
      if (!field.wellFormed) return this.#refuse(flawOf(field));
      const { kind, value } = field;
      if (kind === fieldKind.regular || kind === fieldKind.te) continue;
      if (kind === fieldKind.contentLength) {
        const length = Number(value);
        if (this.contentLength !== -1 && this.contentLength !== length)
          return this.#refuse(flawOf(field));
        this.contentLength = length;
        continue;
      }
      // Pseudo fields stand before all others, so each one's index is its number.
      if (kind !== fieldKind.host && index !== pseudos++) {
        return this.#refuse(`${field.name}: pseudo-header fields stand before all others`);
      }
      if (!this.#takeOnce(kind, value)) return this.#refuse(`duplicate header ${field.name}`);
    }
    this.fields = list.from(pseudos);
    const seen = this.#seen & ~hostBit;
    if (part === "trailers") return seen === 0;
    if (part === "response") return seen === statusBit && this.status !== 101;
    return this.#isRequest();
  }

  /** Takes over a field that may occur once; false the second time. */
  #takeOnce(kind: FieldKind, value: string): boolean {
    const bit = 1 << kind;
    if ((this.#seen & bit) !== 0) return false;
    this.#seen |= bit;
    if (kind === fieldKind.method) this.method = value;
    else if (kind === fieldKind.scheme) this.scheme = value;
    else if (kind === fieldKind.authority) this.authority = value;
    else if (kind === fieldKind.path) this.path = value;
    else if (kind === fieldKind.protocol) this.protocol = value;
    else if (kind === fieldKind.status) this.status = Number(value);
    else this.#host = value;
    return true;
  }

  #isRequest(): boolean {
    const seen = this.#seen;
    const host = this.#host;
    if ((seen & methodBit) === 0) return this.#refuse(":method: it is missing");
    if ((seen & statusBit) !== 0) return this.#refuse(":status: a field of responses");
    if ((seen & authorityBit) === 0) this.authority = host;
    else if ((seen & hostBit) !== 0 && host.toLowerCase() !== this.authority.toLowerCase()) {
      return this.#refuse("host: it names another authority than :authority");
    }
    if (this.method === "CONNECT" && (seen & protocolBit) === 0) {
      const isSound = (seen & authorityBit) !== 0 && (seen & (schemeBit | pathBit)) === 0;
      return isSound || this.#refuse(":authority: CONNECT has one, and neither :scheme nor :path");
    }
    if ((seen & protocolBit) !== 0) {
      if (this.method !== "CONNECT") return this.#refuse(":protocol: a field of CONNECT");
      if ((seen & authorityBit) === 0) return this.#refuse(":authority: it is missing");
    }
    if ((seen & schemeBit) === 0) return this.#refuse(":scheme: it is missing");
    if ((seen & pathBit) === 0) return this.#refuse(":path: it is missing");
    if (this.path !== "*" || this.method === "OPTIONS") return true;
    return this.#refuse(':path: "*" is for OPTIONS');
  }

  #refuse(flaw: string): false {
    this.flaw = flaw;
    return false;
  }
}
