/** Names of fields: each is made into a string once, however often it comes. */

import { codeAt } from "#core/code-at.ts";
import { lowerOf } from "./octets.ts";

/** Names that a connection treats specially; every other name is `regular`. */
export const fieldKind = {
  regular: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  expect: 5,
  upgrade: 6,
} as const;

/** One of `fieldKind`. */
export type FieldKind = (typeof fieldKind)[keyof typeof fieldKind];

/** A name in lower case. */
export interface FieldName {
  readonly text: string;
  readonly kind: FieldKind;
}

const kindByName: ReadonlyMap<string, FieldKind> = new Map<string, FieldKind>([
  ["host", fieldKind.host],
  ["content-length", fieldKind.contentLength],
  ["transfer-encoding", fieldKind.transferEncoding],
  ["connection", fieldKind.connection],
  ["expect", fieldKind.expect],
  ["upgrade", fieldKind.upgrade],
]);

const slotCount = 512;
/** A longer name is hardly sent again. */
const keptLengthMax = 64;

/** The names that came last, in slots by hash. All connections of a server share it. */
export class FieldNames {
  readonly #slots: (FieldName | undefined)[] = new Array(slotCount).fill(undefined);

  /** The name in `bytes` from `start` to `end`, all of it octets of a name. Any `hash` is safe. */
  at(bytes: Buffer, start: number, end: number, hash: number): FieldName {
    const slot = hash & (slotCount - 1);
    const known = this.#slots[slot];
    if (known !== undefined && isAt(known.text, bytes, start, end)) return known;
    const text = bytes.toString("latin1", start, end).toLowerCase();
    const name = { text, kind: kindByName.get(text) ?? fieldKind.regular };
    if (text.length <= keptLengthMax) this.#slots[slot] = name;
    return name;
  }
}

function isAt(text: string, bytes: Buffer, start: number, end: number): boolean {
  const { length } = text;
  if (length !== end - start) return false;
  for (let index = 0; index < length; index += 1) {
    if (lowerOf[bytes[start + index] ?? 0] !== codeAt(text, index)) return false;
  }
  return true;
}
