/** Writes a map field: one entry per key, each a message of key and value. */

import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { childWriter, messageFieldWriter, type WriterOf } from "./child-writer.ts";
import { fallBackToLibrary } from "./fall-back-to-library.ts";
import { taggedWriter, type ValueWriter } from "./scalar-writer.ts";
import { mapKeyNumber, mapValueNumber } from "./wire-type.ts";

type MapField = DescField & { fieldKind: "map" };

/** The writer of a whole map. */
export function mapWriter(field: MapField, writerOf: WriterOf): ValueWriter {
  const writeKey = taggedWriter(mapKeyNumber, field.mapKey);
  const keyOf = keyReader(field.mapKey);
  const writeValue = entryValueWriter(field, writerOf);
  const writeEntry = childWriter(field.number, (writer, entry) => {
    const [key, value] = entry as readonly [string, unknown];
    writeKey(writer, keyOf(key));
    writeValue(writer, value);
  });
  return (writer, value) => {
    for (const entry of Object.entries(value as object)) writeEntry(writer, entry);
  };
}

function entryValueWriter(field: MapField, writerOf: WriterOf): ValueWriter {
  switch (field.mapKind) {
    case "message":
      return messageFieldWriter(field, writerOf, mapValueNumber);
    case "enum":
      return taggedWriter(mapValueNumber, ScalarType.INT32);
    case "scalar":
      return taggedWriter(mapValueNumber, field.scalar);
  }
}

/** Makes of a property's name the key that it stands for. */
function keyReader(type: ScalarType): (name: string) => unknown {
  switch (type) {
    case ScalarType.STRING:
    // The text of a long number is written as the number.
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return (name) => name;
    case ScalarType.BOOL:
      return (name) =>
        name === "true" || name === "false" ? name === "true" : fallBackToLibrary();
    default:
      return (name) => (String(Number(name)) === name ? Number(name) : fallBackToLibrary());
  }
}
