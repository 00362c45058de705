/** One header field: its name, its value, and what RFC 9113 §8.2 and §8.3 say of it alone. Pure. */

import { codeAt } from "#core/code-at.ts";
import { memoizeByString } from "#core/get-or-create.ts";
import {
  consistsOf,
  isFieldName,
  isFieldValue,
  schemeOctets,
  tokenOctets,
} from "#http/field-text.ts";

/** Names that a connection treats specially; every other name is `regular`. */
export const fieldKind = {
  regular: 0,
  method: 1,
  scheme: 2,
  authority: 3,
  path: 4,
  protocol: 5,
  status: 6,
  /** Any other name that begins with a colon. */
  unknownPseudo: 7,
  /** Fields that concern one HTTP/1.1 connection. */
  connectionSpecific: 8,
  te: 9,
  host: 10,
  contentLength: 11,
} as const;

/** One of `fieldKind`. */
export type FieldKind = (typeof fieldKind)[keyof typeof fieldKind];

/** What HPACK counts for a field besides its name and value (RFC 7541 §4.1). */
export const fieldOverheadBytes = 32;

const kindByName: ReadonlyMap<string, FieldKind> = new Map<string, FieldKind>([
  [":method", fieldKind.method],
  [":scheme", fieldKind.scheme],
  [":authority", fieldKind.authority],
  [":path", fieldKind.path],
  [":protocol", fieldKind.protocol],
  [":status", fieldKind.status],
  ["connection", fieldKind.connectionSpecific],
  ["proxy-connection", fieldKind.connectionSpecific],
  ["keep-alive", fieldKind.connectionSpecific],
  ["transfer-encoding", fieldKind.connectionSpecific],
  ["upgrade", fieldKind.connectionSpecific],
  ["te", fieldKind.te],
  ["host", fieldKind.host],
  ["content-length", fieldKind.contentLength],
]);

/** Whether a field of this name may be sent. */
const isSendableName = memoizeByString(
  (name) => isFieldName(name) && kindByName.get(name) !== fieldKind.connectionSpecific,
);

/**
 * Throws when a field could not be sent: a programmer's error, since nothing may be half sent.
 * Pseudo fields and those of one HTTP/1.1 connection are no fields to send.
 */
export function requireSendable(fields: readonly (readonly [string, string])[]): void {
  for (const field of fields) {
    const name = field[0];
    if (!isSendableName(name)) throw new TypeError(`"${name}" is no name of an HTTP/2 field`);
    if (isFieldValue(field[1])) continue;
    throw new TypeError(`the value of field "${name}" cannot be sent`);
  }
}

const isSendableMethod = memoizeByString((method) => consistsOf(method, tokenOctets));
/** Callers name few paths and authorities, each many times. */
const isSendablePlace = memoizeByString((place) => isUnbroken(place) && isFieldValue(place));

/** Throws when a request could not begin like this: a programmer's error. */
export function requireSendableHead(head: {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
}): void {
  const { method, path, authority } = head;
  if (!isSendableMethod(method)) throw new TypeError("the method is no token");
  if (path === "" || !isSendablePlace(path)) {
    throw new TypeError("the path holds what no path holds");
  }
  if (!isSendablePlace(authority)) {
    throw new TypeError("the authority holds what no authority holds");
  }
}

/** Throws when `status` is not one of HTTP/2's, which has no 101: a programmer's error. */
export function requireStatus(status: number): void {
  if (Number.isInteger(status) && status >= 100 && status <= 999 && status !== 101) return;
  throw new RangeError(`${status} is no HTTP/2 status`);
}

/** Whether `text` holds visible ASCII and octets above it: nothing that ends a line or a word. */
function isUnbroken(text: string): boolean {
  const { length } = text;
  for (let index = 0; index < length; index += 1) {
    const code = codeAt(text, index);
    if (code <= 0x20 || code === 0x7f) return false;
  }
  return true;
}

/** A path and a query as on HTTP/1.1: visible ASCII, and no fragment (RFC 9113 §8.3.1). */
const path = /^\/[!-"$-~]*$/;

/** What ends an authority, or is a user's name in front of it. */
const authorityEnds = /[/?#@\\]/;

const status = /^[1-9]\d\d$/;
const contentLength = /^\d{1,15}$/;

/** Each kind is judged in one go: what it may hold is less than what any value may. */
function isWellFormed(kind: FieldKind, value: string): boolean {
  switch (kind) {
    case fieldKind.regular:
      return isFieldValue(value);
    case fieldKind.method:
      return consistsOf(value, tokenOctets);
    case fieldKind.scheme:
      return consistsOf(value, schemeOctets);
    case fieldKind.authority:
    case fieldKind.host:
      return isUnbroken(value) && isFieldValue(value) && !authorityEnds.test(value);
    case fieldKind.path:
      return path.test(value) || value === "*";
    case fieldKind.protocol:
      return consistsOf(value, tokenOctets);
    case fieldKind.status:
      return status.test(value);
    case fieldKind.te:
      return value === "trailers";
    case fieldKind.contentLength:
      return contentLength.test(value);
    case fieldKind.unknownPseudo:
    case fieldKind.connectionSpecific:
      return false;
  }
}

/** What a name is to a connection. */
function kindOf(name: string): FieldKind {
  return (
    kindByName.get(name) ?? (codeAt(name, 0) === 0x3a ? fieldKind.unknownPseudo : fieldKind.regular)
  );
}

/** A field as it was received: judged once, however often an index refers to it. Immutable. */
export class Field {
  readonly name: string;
  readonly value: string;
  readonly kind: FieldKind;
  readonly #isNamedWell: boolean;
  /** The field alone breaks no rule; those between fields are MessageHead's to check. */
  readonly wellFormed: boolean;
  /** Size in the sense of HPACK and of SETTINGS_MAX_HEADER_LIST_SIZE. */
  readonly listBytes: number;

  /** What `namesake` knows of the name, which it has from a table, is not found out again. */
  constructor(name: string, value: string, namesake?: Field) {
    this.name = name;
    this.value = value;
    this.listBytes = name.length + value.length + fieldOverheadBytes;
    this.kind = namesake === undefined ? kindOf(name) : namesake.kind;
    this.#isNamedWell =
      namesake === undefined
        ? this.kind !== fieldKind.regular || isFieldName(name)
        : namesake.#isNamedWell;
    this.wellFormed = this.#isNamedWell && isWellFormed(this.kind, value);
  }
}
