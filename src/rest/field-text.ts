/** Turns one text of a path, query or form into a value of a field's kind. */

import type { DescEnum, DescField } from "@bufbuild/protobuf";
import { enumHolds, expectationOfEnum } from "#json/leaf.ts";
import { expectationOf, scalarFrom, smallInteger } from "#json/scalar.ts";
import { expectationOfMessage, messageFrom } from "./text-message.ts";

/** Names and, for open enums, any int32; closed enums take the numbers that they have. */
function enumFrom(type: DescEnum, text: string): number | undefined {
  const named = type.values.find(({ name }) => name === text);
  if (named !== undefined) return named.number;
  const number = smallInteger(text, -0x8000_0000, 0x7fff_ffff);
  return number !== undefined && enumHolds(type, number) ? number : undefined;
}

/**
 * The value, list item or map value of `field` that `text` writes, as protobuf's reflection takes
 * it; undefined when it writes none.
 */
export function valueFrom(field: DescField, text: string): unknown {
  if (field.scalar !== undefined) return scalarFrom(field.scalar, text);
  if (field.enum !== undefined) return enumFrom(field.enum, text);
  return messageFrom(field.message, text);
}

/** Words for what a text of `field` must be; undefined when no text can be one. */
export function expectationOfField(field: DescField): string | undefined {
  if (field.scalar !== undefined) return expectationOf(field.scalar);
  if (field.enum === undefined) return expectationOfMessage(field.message);
  return expectationOfEnum(field.enum);
}
