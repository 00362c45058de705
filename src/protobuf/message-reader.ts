/** Makes what reads message types: a message of which nothing is set, then field by field as they come. */

import type { DescMessage } from "@bufbuild/protobuf";
import type { ByteReader, Properties } from "./byte-reader.ts";
import { emptyCreator } from "./creator.ts";
import type { LimitsOf } from "./field-limits.ts";
import { type FieldReader, fieldReaders } from "./field-reader.ts";
import type { MessageType, TypeOf } from "./message-type.ts";
import { keep, keepUnknown } from "./unknown-fields.ts";
import { malformed } from "./unreadable.ts";

/** No field has this tag, and no group ends with it. */
const noTag = 0;

/** The types of messages as they are read, each made when it is first asked for. */
export function messageTypes(limitsOf: LimitsOf): TypeOf {
  const types = new WeakMap<DescMessage, MessageType>();
  const typeOf: TypeOf = (desc) => {
    const known = types.get(desc);
    if (known !== undefined) return known;
    const fields = new Map<number, FieldReader>();
    const type = messageType(desc, fields);
    // Before its fields, which may be of this very type.
    types.set(desc, type);
    for (const field of desc.fields) {
      for (const [tag, read] of fieldReaders(field, limitsOf(field), typeOf)) fields.set(tag, read);
    }
    return type;
  };
  return typeOf;
}

function messageType(desc: DescMessage, fields: ReadonlyMap<number, FieldReader>): MessageType {
  const readUnknown = unknownReader(desc);
  /** Reads up to the end of the part or to `endTag`; whether that was read. */
  const read = (reader: ByteReader, target: unknown, endTag = noTag): boolean => {
    const message = target as Properties;
    while (reader.at < reader.end) {
      const tag = reader.tag();
      const readField = fields.get(tag);
      if (readField !== undefined) readField(reader, message);
      else if (tag === endTag) return true;
      else readUnknown(reader, message, tag);
    }
    return false;
  };
  const create = emptyCreator(desc);
  const weight = weightOf(desc);
  return {
    create(reader) {
      reader.elements(weight);
      return create();
    },
    read,
    readGroup(reader, message, endTag) {
      reader.enter();
      if (!read(reader, message, endTag)) malformed("a group does not end");
      reader.leave();
    },
  };
}

/** What making a message counts for: an object, and one for each list, map and oneof that it has from the start. */
function weightOf({ members }: DescMessage): number {
  const own = members.filter(
    (member) =>
      member.kind === "oneof" || member.fieldKind === "list" || member.fieldKind === "map",
  );
  return 1 + own.length;
}

/** Extensions are looked for among the unknown fields, so that a type that has some keeps these. */
function unknownReader({ proto }: DescMessage) {
  const ranges = proto.extensionRange;
  const isExtension = (number: number) =>
    ranges.some(({ start = 0, end = 0 }) => number >= start && number < end);
  return (reader: ByteReader, message: Properties, tag: number) => {
    const start = reader.at;
    reader.skip(tag);
    if (ranges.length > 0 && isExtension(tag >>> 3)) keep(reader, message, tag, start);
    else keepUnknown(reader, message, tag, start);
  };
}
