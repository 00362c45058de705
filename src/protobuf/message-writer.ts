/** Makes the writer of a message type: its fields in the order of their numbers, then what is unknown of it. */

import type { DescMessage, UnknownField } from "@bufbuild/protobuf";
import { fallBackToLibrary } from "./fall-back-to-library.ts";
import { type FieldWriter, fieldWriter } from "./field-writer.ts";
import type { MessageWriter, SlabWriter } from "./slab-writer.ts";
import { tagOf } from "./wire-type.ts";

type Properties = Readonly<Record<string, unknown>>;

/** Types of more fields are written by a loop: code that names so many is slower than one. */
const namedFieldsMax = 256;

/** Writes all fields of a message. */
type FieldsWriter = (writer: SlabWriter, message: Properties) => void;

const writers = new WeakMap<DescMessage, MessageWriter>();

/** The writer of a message type, made when it is first asked for. */
export function messageWriterOf(desc: DescMessage): MessageWriter {
  const known = writers.get(desc);
  if (known !== undefined) return known;
  const { typeName } = desc;
  let writeFields: FieldsWriter = fallBackToLibrary;
  const write: MessageWriter = (writer, message) => {
    const properties = message as Properties;
    if (properties.$typeName !== typeName) fallBackToLibrary();
    writeFields(writer, properties);
    const unknown = properties.$unknown;
    if (unknown !== undefined) writeUnknown(writer, unknown as readonly UnknownField[]);
  };
  // Before its fields, which may be of this very type.
  writers.set(desc, write);
  const inOrder = desc.fields.toSorted((one, other) => one.number - other.number);
  writeFields = fieldsWriter(inOrder.map((field) => fieldWriter(field, messageWriterOf)));
  return write;
}

/**
 * Writes fields in their order. A property is found at once by code that names it, and looked up by
 * code that is given its name: so each type has a function of its own, generated, which does nothing
 * but name them. Where code from strings is forbidden, a loop does the same.
 */
function fieldsWriter(fields: readonly FieldWriter[]): FieldsWriter {
  if (fields.length > namedFieldsMax) return fieldsLoop(fields);
  const names = fields.map((_, index) => `field${index}`);
  const lines = fields.map(({ property }, index) => {
    const value = `message[${JSON.stringify(property)}]`;
    return `writeField(writer, field${index}, message, ${value});`;
  });
  const body = `return (writer, message) => {\n${lines.join("\n")}\n};`;
  try {
    return new Function("writeField", ...names, body)(writeField, ...fields);
  } catch {
    return fieldsLoop(fields);
  }
}

function fieldsLoop(fields: readonly FieldWriter[]): FieldsWriter {
  return (writer, message) => {
    for (const field of fields) writeField(writer, field, message, message[field.property]);
  };
}

function writeField(
  writer: SlabWriter,
  field: FieldWriter,
  message: Properties,
  value: unknown,
): void {
  const isUnset =
    value === field.unset || (field.isExplicit && !Object.hasOwn(message, field.property));
  if (!isUnset) field.write(writer, value);
  else if (field.isRequired) fallBackToLibrary();
}

function writeUnknown(writer: SlabWriter, fields: readonly UnknownField[]): void {
  for (const { no, wireType, data } of fields) {
    writer.varint(tagOf(no, wireType));
    writer.raw(data);
  }
}
