/** Makes what reads a message type: a message of which nothing is set, then field by field as they come. */

import { create, type DescMessage } from "@bufbuild/protobuf";
import type { PartReader, Properties } from "./byte-reader.ts";
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
  const type = { create: creatorOf(desc), read };
  // Ahead of its fields, which may be of this very type.
  types.set(desc, type);
  for (const field of desc.fields) {
    for (const [tag, readField] of fieldReaders(field, messageTypeOf)) fields.set(tag, readField);
  }
  return type;
}

/** Copies a message that the library has made, which is faster than making one, and what may not be shared anew. */
function creatorOf(desc: DescMessage): () => Properties {
  const template: Properties = { ...create(desc) };
  const inherits = Object.getPrototypeOf(create(desc)) !== Object.prototype;
  // Messages with defaults inherit them.
  if (inherits) return () => create(desc) as unknown as Properties;
  const lists: string[] = [];
  const maps: string[] = [];
  const oneofs: string[] = [];
  for (const member of desc.members) {
    if (member.kind === "oneof") oneofs.push(member.localName);
    else if (member.fieldKind === "list") lists.push(member.localName);
    else if (member.fieldKind === "map") maps.push(member.localName);
  }
  return () => {
    const message = { ...template };
    for (const name of lists) message[name] = [];
    for (const name of maps) message[name] = {};
    for (const name of oneofs) message[name] = { case: undefined };
    return message;
  };
}
