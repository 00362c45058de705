/** Makes what reads a message type: a message of which nothing is set, then field by field as they come. */

import type { DescMessage } from "@bufbuild/protobuf";
import type { PartReader, Properties } from "./byte-reader.ts";
import { emptyCreator } from "./creator.ts";
import { type FieldReader, fieldReaders } from "./field-reader.ts";
import { leaveToLibrary } from "./leave-to-library.ts";
import type { MessageType } from "./message-type.ts";

const types = new WeakMap<DescMessage, MessageType>();

/** How a message type is read, made when it is first asked for. */
export function messageTypeOf(desc: DescMessage): MessageType {
  const known = types.get(desc);
  if (known !== undefined) return known;
  const fields = new Map<number, FieldReader>();
  const read: PartReader = (reader, message) => {
    while (reader.at < reader.end) {
      const readField = fields.get(reader.tag()) ?? leaveToLibrary();
      readField(reader, message as Properties);
    }
  };
  const type = { create: emptyCreator(desc), read };
  // Ahead of its fields, which may be of this very type.
  types.set(desc, type);
  for (const field of desc.fields) {
    for (const [tag, readField] of fieldReaders(field, messageTypeOf)) fields.set(tag, readField);
  }
  return type;
}
