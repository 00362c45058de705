/** Makes the writer of a message type: its fields in the order of their numbers, then what is unknown of it. */

import type { DescMessage, UnknownField } from "@bufbuild/protobuf";
import { type FieldWriter, fieldWriter } from "./field-writer.ts";
import { leaveToLibrary } from "./leave-to-library.ts";
import type { MessageWriter, SlabWriter } from "./slab-writer.ts";
import { tagOf } from "./wire-type.ts";

type Properties = Readonly<Record<string, unknown>>;

const writers = new WeakMap<DescMessage, MessageWriter>();

/** The writer of a message type, made when it is first asked for. */
export function messageWriterOf(desc: DescMessage): MessageWriter {
  const known = writers.get(desc);
  if (known !== undefined) return known;
  const { typeName } = desc;
  const fields: FieldWriter[] = [];
  const write: MessageWriter = (writer, message) => {
    const properties = message as Properties;
    if (properties.$typeName !== typeName) leaveToLibrary();
    for (const field of fields) writeField(writer, field, properties);
    const unknown = properties.$unknown;
    if (unknown !== undefined) writeUnknown(writer, unknown as readonly UnknownField[]);
  };
  // Ahead of its fields, which may be of this very type.
  writers.set(desc, write);
  for (const field of desc.fields.toSorted((one, other) => one.number - other.number)) {
    fields.push(fieldWriter(field, messageWriterOf));
  }
  return write;
}

function writeField(writer: SlabWriter, field: FieldWriter, message: Properties): void {
  const value = message[field.property];
  const isUnset =
    value === field.unset || (field.isExplicit && !Object.hasOwn(message, field.property));
  if (!isUnset) field.write(writer, value);
  else if (field.isRequired) leaveToLibrary();
}

function writeUnknown(writer: SlabWriter, fields: readonly UnknownField[]): void {
  for (const { no, wireType, data } of fields) {
    writer.varint(tagOf(no, wireType));
    writer.raw(data);
  }
}
