/** Makes the readers of a field, by the tags that it may have on the wire. */

import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import type { ByteReader, PartReader, Properties } from "./byte-reader.ts";
import { leaveToLibrary } from "./leave-to-library.ts";
import { mapEntryReader } from "./map-reader.ts";
import type { TypeOf } from "./message-type.ts";
import { scalarReader, type ValueReader } from "./scalar-reader.ts";
import { isJsonStruct } from "./struct-field.ts";
import { scalarTagOf, tagOf } from "./wire-type.ts";

/** Reads one occurrence of a field, behind its tag, into its message. */
export type FieldReader = (reader: ByteReader, message: Properties) => void;

type TaggedReader = readonly [tag: number, read: FieldReader];

/** The readers of a field by tag; none for a field that is left to the library, as under any other tag. */
export function fieldReaders(field: DescField, typeOf: TypeOf): readonly TaggedReader[] {
  if (isJsonStruct(field)) return [];
  const partTag = tagOf(field.number, WireType.LengthDelimited);
  switch (field.fieldKind) {
    case "scalar": {
      const read = scalarReader(field.scalar, field.longAsString);
      return [[scalarTagOf(field.number, field.scalar), valueReader(field, read)]];
    }
    case "enum":
      return [[tagOf(field.number, WireType.Varint), valueReader(field, enumReader(field))]];
    case "message":
      return field.delimitedEncoding ? [] : [[partTag, messageReader(field, typeOf)]];
    case "list":
      return listReaders(field, typeOf);
    case "map": {
      const { localName } = field;
      const readEntry = mapEntryReader(field, typeOf);
      return [[partTag, (reader, message) => reader.part(readEntry, message[localName])]];
    }
  }
}

function valueReader({ localName, oneof }: DescField, read: ValueReader): FieldReader {
  if (oneof === undefined) {
    return (reader, message) => {
      message[localName] = read(reader);
    };
  }
  const property = oneof.localName;
  return (reader, message) => {
    message[property] = { case: localName, value: read(reader) };
  };
}

/** What a closed enum does not know is kept as an unknown field, by the library. */
function enumReader({ enum: { open, values } }: DescField & { fieldKind: "enum" }): ValueReader {
  const readInt32 = scalarReader(ScalarType.INT32, false);
  if (open) return readInt32;
  const known = new Set(values.map(({ number }) => number));
  return (reader) => {
    const value = readInt32(reader) as number;
    return known.has(value) ? value : leaveToLibrary();
  };
}

/** A message that comes more than once is merged. */
function messageReader(field: DescField & { fieldKind: "message" }, typeOf: TypeOf): FieldReader {
  const { localName, message: desc, oneof } = field;
  const { create, read } = typeOf(desc);
  if (oneof !== undefined) {
    const property = oneof.localName;
    return (reader, message) => {
      const chosen = message[property] as { readonly case: unknown; readonly value?: unknown };
      const value = chosen.case === localName ? chosen.value : create();
      reader.part(read, value);
      message[property] = { case: localName, value };
    };
  }
  if (isWrapperDesc(desc)) {
    return (reader, message) => {
      const wrapper = create();
      const value = message[localName];
      if (value !== undefined) wrapper.value = value;
      reader.part(read, wrapper);
      message[localName] = wrapper.value;
    };
  }
  return (reader, message) => {
    const value = message[localName] ?? create();
    reader.part(read, value);
    message[localName] = value;
  };
}

/** Numbers are taken packed and one by one, whichever the field says. */
function listReaders(
  field: DescField & { fieldKind: "list" },
  typeOf: TypeOf,
): readonly TaggedReader[] {
  const { localName, number } = field;
  const partTag = tagOf(number, WireType.LengthDelimited);
  const each = (read: ValueReader): FieldReader => {
    return (reader, message) => {
      (message[localName] as unknown[]).push(read(reader));
    };
  };
  if (field.listKind === "message") {
    const { create, read } = typeOf(field.message);
    return field.delimitedEncoding ? [] : [[partTag, each((reader) => reader.made(create, read))]];
  }
  const isEnum = field.listKind === "enum";
  const type = isEnum ? ScalarType.INT32 : field.scalar;
  const read = scalarReader(type, !isEnum && field.longAsString);
  const tag = scalarTagOf(number, type);
  if (tag === partTag) return [[tag, each(read)]];
  const readPacked: PartReader = (reader, items) => {
    while (reader.at < reader.end) (items as unknown[]).push(read(reader));
  };
  return [
    [tag, each(read)],
    [partTag, (reader, message) => reader.part(readPacked, message[localName])],
  ];
}
