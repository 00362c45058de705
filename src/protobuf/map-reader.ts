/** Reads the entries of a map field. */

import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import type { PartReader, Properties } from "./byte-reader.ts";
import { leaveToLibrary } from "./leave-to-library.ts";
import type { TypeOf } from "./message-type.ts";
import { scalarReader, type ValueReader } from "./scalar-reader.ts";
import { mapKeyNumber, mapValueNumber, scalarTagOf, tagOf } from "./wire-type.ts";

type MapField = DescField & { fieldKind: "map" };

/** Reads an entry of key and value, in this order and each once, into the map. */
export function mapEntryReader(field: MapField, typeOf: TypeOf): PartReader {
  const keyTag = scalarTagOf(mapKeyNumber, field.mapKey);
  const readKey = scalarReader(field.mapKey, false);
  const [valueTag, readValue] = entryValue(field, typeOf);
  return (reader, map) => {
    if (reader.tag() !== keyTag) leaveToLibrary();
    const key = String(readKey(reader));
    if (key === "__proto__" || reader.tag() !== valueTag) leaveToLibrary();
    (map as Properties)[key] = readValue(reader);
  };
}

function entryValue(field: MapField, typeOf: TypeOf): readonly [tag: number, ValueReader] {
  if (field.mapKind === "message") {
    const { create, read } = typeOf(field.message);
    const tag = tagOf(mapValueNumber, WireType.LengthDelimited);
    return [tag, (reader) => reader.made(create, read)];
  }
  const type = field.mapKind === "enum" ? ScalarType.INT32 : field.scalar;
  return [scalarTagOf(mapValueNumber, type), scalarReader(type, false)];
}
