/** The JSON texts of single values, and of what a field holds when no one has set it. */

import { type DescEnum, type DescField, ScalarType } from "@bufbuild/protobuf";

/** The JSON of a value. Throws Unfit for what is not of its type. */
export type ValueText = (value: unknown) => string;

/** A value that is not of its field's type. */
export class Unfit extends Error {}

export function unfit(): never {
  throw new Unfit();
}

const stringText: ValueText = (value) =>
  typeof value === "string" ? JSON.stringify(value) : unfit();
const boolText: ValueText = (value) => (typeof value === "boolean" ? String(value) : unfit());
const longText: ValueText = (value) => (typeof value === "bigint" ? `"${value}"` : unfit());

function integerText(value: unknown): string {
  return typeof value === "number" && Number.isFinite(value) ? String(value) : unfit();
}

function floatText(value: unknown): string {
  if (typeof value !== "number") return unfit();
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

function bytesText(value: unknown): string {
  if (!(value instanceof Uint8Array)) return unfit();
  const { buffer, byteOffset, byteLength } = value;
  return `"${Buffer.from(buffer, byteOffset, byteLength).toString("base64")}"`;
}

/** The values of a scalar type. */
export function scalarText(type: ScalarType): ValueText {
  switch (type) {
    case ScalarType.STRING:
      return stringText;
    case ScalarType.BOOL:
      return boolText;
    case ScalarType.BYTES:
      return bytesText;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return floatText;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return longText;
    default:
      return integerText;
  }
}

/** Names, and numbers where there is none or none is wanted. */
export function enumText({ typeName, values }: DescEnum, asInteger: boolean): ValueText {
  if (typeName === "google.protobuf.NullValue") return () => "null";
  const names = new Map(
    asInteger ? [] : values.map(({ number, jsonName }) => [number, JSON.stringify(jsonName)]),
  );
  return (value) => (typeof value === "number" ? (names.get(value) ?? String(value)) : unfit());
}

/** Whether a field without presence holds what it holds when no one has set it. */
export function defaultTest(field: DescField): (value: unknown) => boolean {
  switch (field.fieldKind) {
    case "list":
      return (value) => Array.isArray(value) && value.length === 0;
    case "map":
      return (value) => {
        for (const _ in value as object) return false;
        return true;
      };
    case "enum": {
      const zero = field.enum.values[0]?.number;
      return (value) => value === zero;
    }
    default:
      return defaultScalarTest(field.scalar);
  }
}

function defaultScalarTest(type: ScalarType | undefined): (value: unknown) => boolean {
  switch (type) {
    case ScalarType.STRING:
      return (value) => value === "";
    case ScalarType.BOOL:
      return (value) => value === false;
    case ScalarType.BYTES:
      return (value) => value instanceof Uint8Array && value.length === 0;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return (value) => Object.is(value, 0);
    default:
      return (value) => value === 0 || value === 0n;
  }
}

/** What is written of a field that no one has set. */
export function defaultTextOf(field: DescField, textOf: ValueText): string {
  switch (field.fieldKind) {
    case "list":
      return "[]";
    case "map":
      return "{}";
    case "enum":
      return textOf(field.enum.values[0]?.number);
    default:
      return defaultScalarText(field.scalar);
  }
}

function defaultScalarText(type: ScalarType | undefined): string {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return '""';
    case ScalarType.BOOL:
      return "false";
    default:
      return type !== undefined && scalarText(type) === longText ? '"0"' : "0";
  }
}
