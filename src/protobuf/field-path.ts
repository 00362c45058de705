/** Names the field that a byte of a message belongs to: for errors, so that reading need not keep count. */

import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { ByteReader } from "./byte-reader.ts";

/** What has been read is within its bounds. */
const unbounded = { elementsMax: Number.POSITIVE_INFINITY, keepsUnknown: false };

/**
 * The path of the field whose value has the byte at `offset`, such as `messages[3].role`; within a map
 * or a group, of that. The bytes before it are well formed.
 */
export function fieldPath(desc: DescMessage, bytes: Uint8Array, offset: number): string {
  return pathWithin(desc, new ByteReader(bytes, unbounded), offset);
}

function pathWithin(desc: DescMessage, reader: ByteReader, offset: number): string {
  const seen = new Map<number, number>();
  while (reader.at < reader.end) {
    const tag = reader.tag();
    const index = seen.get(tag >>> 3) ?? 0;
    seen.set(tag >>> 3, index + 1);
    const lengthAt = reader.at;
    reader.skip(tag);
    if (reader.at < offset) continue;
    const field = desc.fields.find(({ number }) => number === tag >>> 3);
    if (field === undefined) break;
    const isWithin = offset > lengthAt;
    const name = isWithin && hasParts(field) ? `${field.name}[${index}]` : field.name;
    const isMessage = field.fieldKind === "message" || field.fieldKind === "list";
    const isPart = (tag & 7) === WireType.LengthDelimited;
    if (!isWithin || !isPart || !isMessage || field.message === undefined) return name;
    reader.end = reader.at;
    reader.at = lengthAt;
    reader.varint();
    return `${name}.${pathWithin(field.message, reader, offset)}`;
  }
  return "";
}

/** Whether a field is a list whose items have a length each, so that what fails after one is an item's fault. */
function hasParts({ fieldKind, message, scalar }: DescField): boolean {
  if (fieldKind !== "list") return false;
  return message !== undefined || scalar === ScalarType.STRING || scalar === ScalarType.BYTES;
}
