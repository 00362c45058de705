/** Makes the writer of a field: what of a message it takes, when that is left out, how it goes onto the wire. */

import { type DescField, type DescOneof, ScalarType } from "@bufbuild/protobuf";
import { scalarZeroValue } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { messageFieldWriter, type WriterOf } from "./child-writer.ts";
import { listWriter } from "./list-writer.ts";
import { mapWriter } from "./map-writer.ts";
import { taggedWriter, type ValueWriter } from "./scalar-writer.ts";

/** How one field of a message is written. */
export interface FieldWriter {
  /** The property that has it: its own, or its oneof's. */
  readonly property: string;
  /** A property of this very value is left out. */
  readonly unset: unknown;
  /** A property that the message inherits is left out, too: it is a default. */
  readonly isExplicit: boolean;
  /** A message without it cannot be written. */
  readonly isRequired: boolean;
  /** Writes the property's value with its tag; nothing if it turns out to be unset. */
  readonly write: ValueWriter;
}

type SingularField = DescField & { fieldKind: "scalar" | "enum" | "message" };
type ImplicitField = DescField & { fieldKind: "scalar" | "enum" };

/** Equal to nothing, itself included. */
const never = Number.NaN;

function plainWriter(property: string, unset: unknown, write: ValueWriter): FieldWriter {
  return { property, unset, isExplicit: false, isRequired: false, write };
}

/** The writer of a field; `writerOf` gives those of message types. */
export function fieldWriter(field: DescField, writerOf: WriterOf): FieldWriter {
  switch (field.fieldKind) {
    case "list":
      return plainWriter(field.localName, never, listWriter(field, writerOf));
    case "map":
      return plainWriter(field.localName, never, mapWriter(field, writerOf));
    default:
      return singularWriter(field, writerOf);
  }
}

function singularWriter(field: SingularField, writerOf: WriterOf): FieldWriter {
  const { fieldKind, localName, presence } = field;
  const write =
    fieldKind === "message"
      ? messageFieldWriter(field, writerOf)
      : taggedWriter(field.number, scalarOf(field));
  if (field.oneof !== undefined) return caseWriter(field.oneof, localName, write);
  if (fieldKind !== "message" && presence === FeatureSet_FieldPresence.IMPLICIT) {
    return implicitWriter(field, write);
  }
  const isRequired = presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
  return { property: localName, unset: undefined, isExplicit: true, isRequired, write };
}

function scalarOf(field: ImplicitField): ScalarType {
  return field.fieldKind === "enum" ? ScalarType.INT32 : field.scalar;
}

function caseWriter({ localName }: DescOneof, name: string, write: ValueWriter): FieldWriter {
  return plainWriter(localName, never, (writer, value) => {
    const chosen = value as { readonly case: unknown; readonly value?: unknown };
    if (chosen.case === name) write(writer, chosen.value);
  });
}

/** Most zeros are one value, found by comparing; of the others the writer knows each by itself. */
function implicitWriter(field: ImplicitField, write: ValueWriter): FieldWriter {
  const { localName } = field;
  if (field.fieldKind === "enum") {
    return plainWriter(localName, field.enum.values[0]?.number, write);
  }
  const unlessZero = (isZero: (value: unknown) => boolean): ValueWriter => {
    return (writer, value) => {
      if (!isZero(value)) write(writer, value);
    };
  };
  const zero = scalarZeroValue(field.scalar, field.longAsString);
  switch (field.scalar) {
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      // -0 is no zero.
      return plainWriter(
        localName,
        never,
        unlessZero((value) => Object.is(value, 0)),
      );
    case ScalarType.BYTES:
      return plainWriter(localName, never, unlessZero(isNoBytes));
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
    case ScalarType.SINT64:
      return plainWriter(localName, zero, unlessZero(isLongZero));
    default:
      return plainWriter(localName, zero, write);
  }
}

function isNoBytes(value: unknown): boolean {
  return value instanceof Uint8Array && value.length === 0;
}

/** Also as a number or a text. Throws for what is no integer. */
function isLongZero(value: unknown): boolean {
  return BigInt(value as bigint | number | string) === 0n;
}
