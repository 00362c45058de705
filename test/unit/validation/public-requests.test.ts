/** Nothing that a client sends may be as long as it likes: each such field says its bound in the proto. */

import { type DescField, type DescMessage, getOption, ScalarType } from "@bufbuild/protobuf";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { field as fieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect, test } from "vitest";
import { HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import { publicServices } from "#public-services.ts";
import { ruleLimits } from "#validation/field-limits.ts";

/**
 * Their owner gives them no rules: a piece of a body is as long as one message may be, and each path of a
 * mask counts as an element of its request.
 */
const others: readonly DescMessage[] = [HttpBodySchema, FieldMaskSchema];

/** All types that a client's messages are made of. */
function requestTypes(): ReadonlySet<DescMessage> {
  const types = new Set<DescMessage>();
  const add = (type: DescMessage) => {
    if (others.includes(type) || types.has(type)) return;
    types.add(type);
    for (const { message } of type.fields) if (message !== undefined) add(message);
  };
  for (const { methods } of publicServices) for (const { input } of methods) add(input);
  return types;
}

const isSized = (scalar: ScalarType | undefined) =>
  scalar === ScalarType.STRING || scalar === ScalarType.BYTES;

function isBounded(field: DescField): boolean {
  const { items, keyBytes, valueBytes } = ruleLimits(field);
  if (field.fieldKind === "list" && items === undefined) return false;
  // Entries count as elements of the request while they are read; how many there are is checked afterwards.
  if (field.fieldKind === "map") {
    const { type } = getOption(field, fieldRules);
    if (type.case !== "map" || type.value.maxPairs === 0n) return false;
    if (isSized(field.mapKey) && keyBytes === undefined) return false;
  }
  return valueBytes !== undefined || !isSized(field.scalar);
}

for (const type of requestTypes()) {
  test(`${type.typeName}: every text, bytes and list is bounded`, () => {
    const unbounded = type.fields.filter((field) => !isBounded(field));
    expect(unbounded.map(({ name }) => name)).toEqual([]);
  });
}
