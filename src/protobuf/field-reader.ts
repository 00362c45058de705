/** Makes the readers of a field, by the tags that it may have on the wire. */

import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import type { ByteReader, Properties } from "./byte-reader.ts";
import { isKnownTo } from "./enum-numbers.ts";
import type { FieldLimits } from "./field-limits.ts";
import { mapEntryReader } from "./map-reader.ts";
import type { MessageType, TypeOf } from "./message-type.ts";
import { type Packed, packedOf } from "./packed-reader.ts";
import { scalarReader, type ValueReader } from "./scalar-reader.ts";
import { addJson, isJsonStruct } from "./struct-field.ts";
import { keepUnknown } from "./unknown-fields.ts";
import { FieldLimitError } from "./unreadable.ts";
import { scalarTagOf, tagOf } from "./wire-type.ts";

/** Reads one occurrence of a field, after its tag, into its message. */
export type FieldReader = (reader: ByteReader, message: Properties) => void;

type TaggedReader = readonly [tag: number, read: FieldReader];

/** The readers of a field by tag. Under any other tag its number is that of an unknown field. */
export function fieldReaders(
  field: DescField,
  limits: FieldLimits,
  typeOf: TypeOf,
): readonly TaggedReader[] {
  switch (field.fieldKind) {
    case "scalar": {
      const tag = scalarTagOf(field.number, field.scalar);
      const read = scalarReader(field.scalar, field, limits.valueBytes);
      return [[tag, valueReader(field, read)]];
    }
    case "enum":
      return [enumReader(field)];
    case "message":
      return [messageReader(field, typeOf)];
    case "list":
      return listReaders(field, limits, typeOf);
    case "map": {
      const { localName, number } = field;
      const tag = tagOf(number, WireType.LengthDelimited);
      const readEntry = mapEntryReader(field, limits, typeOf);
      return [
        [
          tag,
          (reader, message) => {
            const start = reader.at;
            const isFit = readEntry(reader, message[localName] as Properties);
            if (!isFit) keepUnknown(reader, message, tag, start);
          },
        ],
      ];
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

const readInt32: ValueReader = (reader) => reader.varint() | 0;

function enumReader(field: DescField & { fieldKind: "enum" }): TaggedReader {
  const tag = tagOf(field.number, WireType.Varint);
  const set = valueReader(field, readInt32);
  if (field.enum.open) return [tag, set];
  const isKnown = isKnownTo(field.enum);
  return [
    tag,
    (reader, message) => {
      const start = reader.at;
      if (!isKnown(readInt32(reader))) {
        keepUnknown(reader, message, tag, start);
        return;
      }
      reader.at = start;
      set(reader, message);
    },
  ];
}

/** Reads a message where it stands, after its length or as a group, into one that may hold something. */
type ChildReader = (reader: ByteReader, message: unknown) => void;

function childReader(
  field: DescField & { fieldKind: "message" | "list" },
  typeOf: TypeOf,
): readonly [tag: number, create: MessageType["create"], read: ChildReader] {
  const desc = field.message;
  if (desc === undefined) throw new TypeError(`${field} holds no messages`);
  const { create, read, readGroup } = typeOf(desc);
  if (!field.delimitedEncoding) {
    const tag = tagOf(field.number, WireType.LengthDelimited);
    return [tag, create, (reader, message) => reader.part(read, message)];
  }
  const tag = tagOf(field.number, WireType.StartGroup);
  const endTag = tagOf(field.number, WireType.EndGroup);
  return [tag, create, (reader, message) => readGroup(reader, message as Properties, endTag)];
}

/** A message that comes more than once is merged. */
function messageReader(field: DescField & { fieldKind: "message" }, typeOf: TypeOf): TaggedReader {
  const { localName, message: desc, oneof } = field;
  const [tag, create, readChild] = childReader(field, typeOf);
  const isJson = isJsonStruct(field);
  const readInto = (reader: ByteReader, before: unknown): unknown => {
    if (isJson) {
      const struct = create(reader);
      readChild(reader, struct);
      return addJson(struct as never, (before ?? {}) as never);
    }
    const value = before ?? create(reader);
    readChild(reader, value);
    return value;
  };
  if (oneof !== undefined) {
    const property = oneof.localName;
    return [
      tag,
      (reader, message) => {
        const chosen = message[property] as { readonly case: unknown; readonly value?: unknown };
        const before = chosen.case === localName ? chosen.value : undefined;
        message[property] = { case: localName, value: readInto(reader, before) };
      },
    ];
  }
  if (isWrapperDesc(desc)) {
    return [
      tag,
      (reader, message) => {
        const wrapper = create(reader);
        const value = message[localName];
        if (value !== undefined) wrapper.value = value;
        readChild(reader, wrapper);
        message[localName] = wrapper.value;
      },
    ];
  }
  return [
    tag,
    (reader, message) => {
      message[localName] = readInto(reader, message[localName]);
    },
  ];
}

/** Numbers are taken packed and one by one, whichever the field says. */
function listReaders(
  field: DescField & { fieldKind: "list" },
  { items: limit, valueBytes }: FieldLimits,
  typeOf: TypeOf,
): readonly TaggedReader[] {
  const { localName, number } = field;
  const itemsMax = limit?.max ?? Number.POSITIVE_INFINITY;
  /** The list, in which there is room for `more`. */
  const listOf = (message: Properties, more: number): unknown[] => {
    const items = message[localName] as unknown[];
    if (limit !== undefined && items.length + more > itemsMax) {
      throw new FieldLimitError(limit.expected);
    }
    return items;
  };
  if (field.listKind === "message") {
    const [tag, create, readChild] = childReader(field, typeOf);
    const isJson = isJsonStruct(field);
    if (!isJson && !field.delimitedEncoding) {
      // The usual way, without a step between.
      const { read } = typeOf(field.message);
      return [
        [
          tag,
          (reader, message) => {
            const items = listOf(message, 1);
            const item = create(reader);
            reader.part(read, item);
            items.push(item);
          },
        ],
      ];
    }
    return [
      [
        tag,
        (reader, message) => {
          const items = listOf(message, 1);
          const item = create(reader);
          readChild(reader, item);
          items.push(isJson ? addJson(item as never, {}) : item);
        },
      ],
    ];
  }
  if (field.listKind === "enum" && !field.enum.open) return closedEnumReaders(field, listOf);
  const type = field.listKind === "enum" ? ScalarType.INT32 : field.scalar;
  const read = scalarReader(type, field, valueBytes);
  const tag = scalarTagOf(number, type);
  const each: FieldReader = (reader, message) => {
    const items = listOf(message, 1);
    items.push(read(reader));
  };
  const partTag = tagOf(number, WireType.LengthDelimited);
  if (tag === partTag) return [[tag, each]];
  const longAsString = field.listKind === "scalar" && field.longAsString;
  const packed = packedOf(type, read, longAsString);
  return [
    [tag, each],
    [
      partTag,
      (reader, message) => {
        message[localName] = withPacked(reader, packed, (more) => listOf(message, more));
      },
    ],
  ];
}

/** The list with the numbers of a part. */
function withPacked(
  reader: ByteReader,
  { count, weight, add }: Packed,
  listOf: (more: number) => unknown[],
): unknown[] {
  const outerEnd = reader.end;
  const end = reader.partEnd();
  reader.end = end;
  const more = count(reader, end);
  const before = listOf(more);
  reader.count(more, weight);
  const items = add(reader, before, more, end);
  reader.close(outerEnd);
  return items;
}

/** Numbers that the enum does not know are unknown fields, each by itself. */
function closedEnumReaders(
  field: DescField & { fieldKind: "list"; listKind: "enum" },
  listOf: (message: Properties, more: number) => unknown[],
): readonly TaggedReader[] {
  const isKnown = isKnownTo(field.enum);
  const tag = tagOf(field.number, WireType.Varint);
  const each: FieldReader = (reader, message) => {
    const start = reader.at;
    const value = readInt32(reader);
    if (isKnown(value)) listOf(message, 1).push(value);
    else keepUnknown(reader, message, tag, start);
  };
  const readPacked: FieldReader = (reader, message) => {
    const outerEnd = reader.end;
    reader.end = reader.partEnd();
    while (reader.at < reader.end) {
      reader.count(1, 1);
      each(reader, message);
    }
    reader.close(outerEnd);
  };
  return [
    [tag, each],
    [tagOf(field.number, WireType.LengthDelimited), readPacked],
  ];
}
