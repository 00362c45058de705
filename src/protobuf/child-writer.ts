/** Writes the value of a message field: a message within a message, after its length or between two tags. */

import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { fallBackToLibrary } from "./fall-back-to-library.ts";
import type { ValueWriter } from "./scalar-writer.ts";
import type { MessageWriter } from "./slab-writer.ts";
import { isJsonStruct } from "./struct-field.ts";
import { tagOf } from "./wire-type.ts";

/** The writers of message types, which refer to each other. */
export type WriterOf = (desc: DescMessage) => MessageWriter;

/** A field whose value is, or whose values are, messages. */
export type MessageField = DescField & { readonly message: DescMessage };

/**
 * Writes one value of a message field with its tag, of which `number` is the field's own except in a
 * map's entry. A Struct is left to the library.
 */
export function messageFieldWriter(
  field: MessageField,
  writerOf: WriterOf,
  number: number = field.number,
): ValueWriter {
  if (isJsonStruct(field)) return fallBackToLibrary;
  const { message } = field;
  const write = writerOf(message);
  if (field.fieldKind !== "map" && field.delimitedEncoding) return groupWriter(number, write);
  const writeChild = childWriter(number, write);
  const isUnwrapped =
    field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(message);
  if (!isUnwrapped) return writeChild;
  const { typeName } = message;
  return (writer, value) => writeChild(writer, { $typeName: typeName, value });
}

function groupWriter(number: number, write: MessageWriter): ValueWriter {
  const startTag = tagOf(number, WireType.StartGroup);
  const endTag = tagOf(number, WireType.EndGroup);
  return (writer, value) => {
    writer.varint(startTag);
    write(writer, value);
    writer.varint(endTag);
  };
}

/** Writes what `write` writes after tag and length. */
export function childWriter(number: number, write: MessageWriter): ValueWriter {
  const tag = tagOf(number, WireType.LengthDelimited);
  // Values of one field are alike: the next length is likely to take as many bytes as the last.
  let usualBytes = 1;
  return (writer, value) => {
    const lengthBytes = usualBytes;
    writer.varint(tag);
    const opened = writer.open(lengthBytes);
    write(writer, value);
    usualBytes = writer.close(opened, lengthBytes);
  };
}
