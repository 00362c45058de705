/** Writes a repeated field: packed, or value by value. */

import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { childWriter, messageFieldWriter, type WriterOf } from "./child-writer.ts";
import { fallBackToLibrary } from "./fall-back-to-library.ts";
import { scalarWriter, taggedWriter, type ValueWriter } from "./scalar-writer.ts";

/** The writer of a whole list. */
export function listWriter(
  field: DescField & { fieldKind: "list" },
  writerOf: WriterOf,
): ValueWriter {
  if (field.listKind === "message") return each(messageFieldWriter(field, writerOf));
  const scalar = field.listKind === "enum" ? ScalarType.INT32 : field.scalar;
  if (!field.packed) return each(taggedWriter(field.number, scalar));
  const writePacked = childWriter(field.number, each(scalarWriter(scalar)));
  return (writer, value) => {
    if (listOf(value).length > 0) writePacked(writer, value);
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : fallBackToLibrary();
}

function each(write: ValueWriter): ValueWriter {
  return (writer, value) => {
    for (const item of listOf(value)) write(writer, item);
  };
}
