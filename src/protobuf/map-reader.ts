/** Reads the entries of a map field. */

import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { scalarZeroValue } from "@bufbuild/protobuf/reflect";
import { WireType } from "@bufbuild/protobuf/wire";
import type { ByteReader, Properties } from "./byte-reader.ts";
import { isKnownTo } from "./enum-numbers.ts";
import type { FieldLimits } from "./field-limits.ts";
import { setEntry } from "./map-entry.ts";
import type { TypeOf } from "./message-type.ts";
import { scalarReader } from "./scalar-reader.ts";
import { addJson, isJsonStruct } from "./struct-field.ts";
import { mapKeyNumber, mapValueNumber, scalarTagOf, tagOf } from "./wire-type.ts";

type MapField = DescField & { fieldKind: "map" };

/** What an entry counts for besides its fields: keys are looked up, and objects with many are slow. */
const entryWeight = 2;

/** The values of a map: how one is read, and what an entry without one has. */
interface EntryValue {
  readonly tag: number;
  /** `before` is what the entry had already, if it names its value twice. */
  readonly read: (reader: ByteReader, before: unknown) => unknown;
  readonly none: (reader: ByteReader) => unknown;
  /** Whether the entry is for the map; one whose enum does not know its number is not. */
  readonly isFit: (value: unknown) => boolean;
}

/** Reads an entry into the map. False: it is as good as an unknown field. */
export type EntryReader = (reader: ByteReader, map: Properties) => boolean;

/** The reader of a map's entries: key and value in any order, the last of each. */
export function mapEntryReader(field: MapField, limits: FieldLimits, typeOf: TypeOf): EntryReader {
  const keyTag = scalarTagOf(mapKeyNumber, field.mapKey);
  const { utf8Validation } = field;
  const readKey = scalarReader(field.mapKey, { utf8Validation }, limits.keyBytes);
  const zeroKey = String(scalarZeroValue(field.mapKey, false));
  const { tag: valueTag, read, none, isFit } = entryValue(field, limits, typeOf);
  return (reader, map) => {
    let key: string | undefined;
    let value: unknown;
    reader.elements(entryWeight);
    const outerEnd = reader.end;
    reader.end = reader.partEnd();
    while (reader.at < reader.end) {
      const tag = reader.tag();
      if (tag === keyTag) key = String(readKey(reader));
      else if (tag === valueTag) value = read(reader, value);
      else reader.skip(tag);
    }
    reader.close(outerEnd);
    value ??= none(reader);
    if (!isFit(value)) return false;
    setEntry(map, key ?? zeroKey, value);
    return true;
  };
}

const any = () => true;

function entryValue(field: MapField, limits: FieldLimits, typeOf: TypeOf): EntryValue {
  if (field.mapKind === "message") {
    const { create, read } = typeOf(field.message);
    const tag = tagOf(mapValueNumber, WireType.LengthDelimited);
    if (isJsonStruct(field)) {
      const readJson = (reader: ByteReader, before: unknown) => {
        const struct = create(reader);
        reader.part(read, struct);
        return addJson(struct as never, (before ?? {}) as never);
      };
      return { tag, read: readJson, none: () => ({}), isFit: any };
    }
    const readMessage = (reader: ByteReader, before: unknown) => {
      const message = before ?? create(reader);
      reader.part(read, message);
      return message;
    };
    return { tag, read: readMessage, none: create, isFit: any };
  }
  if (field.mapKind === "enum") {
    const [first] = field.enum.values;
    return {
      tag: scalarTagOf(mapValueNumber, ScalarType.INT32),
      read: scalarReader(ScalarType.INT32, field, undefined),
      none: () => first?.number ?? 0,
      isFit: isKnownTo(field.enum),
    };
  }
  const { scalar } = field;
  const { utf8Validation } = field;
  return {
    tag: scalarTagOf(mapValueNumber, scalar),
    read: scalarReader(scalar, { utf8Validation }, limits.valueBytes),
    none: () => scalarZeroValue(scalar, false),
    isFit: any,
  };
}
