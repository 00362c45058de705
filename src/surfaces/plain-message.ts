/** Messages as plain JSON with the proto's own names: 64-bit integers as numbers, enums by name, what is not set left out. Pure. */

import {
  type DescEnum,
  type DescField,
  type DescMessage,
  isFieldSet,
  type Message,
} from "@bufbuild/protobuf";

type Json = Record<string, unknown>;

function enumName({ values }: DescEnum, number: unknown): unknown {
  return values.find((value) => value.number === number)?.name ?? number;
}

function single(kind: Pick<DescField, "enum" | "message">, value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (kind.enum !== undefined) return enumName(kind.enum, value);
  return kind.message === undefined ? value : plainMessage(kind.message, value as Message);
}

function plainValue(field: DescField, value: unknown): unknown {
  if (field.fieldKind === "list") return (value as unknown[]).map((one) => single(field, one));
  if (field.fieldKind === "map") {
    return Object.fromEntries(
      Object.entries(value as Json).map(([key, one]) => [key, single(field, one)]),
    );
  }
  return single(field, value);
}

/** A message of few fields; parts that are not set, and members of oneofs, are left out. */
export function plainMessage(desc: DescMessage, message: Message): Json {
  const properties = message as unknown as Json;
  const members = desc.fields.flatMap((field): [string, unknown][] => {
    const { name, localName, oneof } = field;
    if (oneof !== undefined) {
      const chosen = properties[oneof.localName] as { readonly case?: string; value?: unknown };
      return chosen.case === localName ? [[name, plainValue(field, chosen.value)]] : [];
    }
    const isPart = field.fieldKind === "message";
    if (isPart && !isFieldSet(message, field)) return [];
    return [[name, plainValue(field, properties[localName])]];
  });
  return Object.fromEntries(members);
}
