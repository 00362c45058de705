/** Messages of any type for property tests: every field now and then, values near what rules bound. */

import {
  create,
  type DescField,
  type DescMessage,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import fc from "fast-check";

/** What a value is; of a list or map: what its items or values are. */
type Of = Pick<DescField, "scalar" | "enum" | "message">;

const lengths = [1, 2, 63, 64, 65, 255, 256, 257, 512, 513, 4096, 4097];
const fill = fc
  .tuple(fc.constantFrom("x", "𝒳", "é"), fc.constantFrom(...lengths))
  .map(([text, times]) => text.repeat(times));

function scalar(type: ScalarType, words: readonly string[]): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.STRING:
      return fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...words) },
        fill,
        fc.string({ unit: "binary", maxLength: 8 }),
      );
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 3 });
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.FLOAT:
      return fc.oneof(fc.float({ min: -0.5, max: 2.5 }), fc.float());
    case ScalarType.DOUBLE:
      return fc.oneof(fc.double({ min: -0.5, max: 2.5 }), fc.double());
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return fc.bigInt({ min: 0n, max: 20n });
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(9999, 10_000, 10_001));
    default:
      return fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(-1, 9999, 10_000, 10_001));
  }
}

function single(of: Of, words: readonly string[], depth: number): fc.Arbitrary<unknown> {
  if (of.message !== undefined) return messageOf(of.message, words, depth - 1);
  if (of.enum !== undefined) return fc.integer({ min: -1, max: 6 });
  return scalar(of.scalar ?? ScalarType.INT32, words);
}

function content(field: DescField, words: readonly string[], depth: number) {
  const value = single(field, words, depth);
  if (field.fieldKind === "list") return fc.array(value, { maxLength: 3 });
  if (field.fieldKind === "map") return fc.dictionary(fc.constantFrom("1", "2"), value);
  return value;
}

/** Messages of `type` down to `depth` levels, with `words` as the more likely texts. */
export function messageOf<T extends DescMessage>(
  type: T,
  words: readonly string[],
  depth = 3,
): fc.Arbitrary<MessageShape<T>> {
  const fields = type.fields.filter(({ message }) => message === undefined || depth > 0);
  const values = fc.record(
    Object.fromEntries(
      fields
        .filter(({ oneof }) => oneof === undefined)
        .map((field) => [field.localName, content(field, words, depth)]),
    ),
    { requiredKeys: [] },
  );
  const oneofs = type.oneofs
    .map(({ localName, fields: members }) => ({
      localName,
      members: members.filter((member) => fields.includes(member)),
    }))
    .filter(({ members }) => members.length > 0);
  const choices = fc.record(
    Object.fromEntries(
      oneofs.map(({ localName, members }) => [
        localName,
        fc.oneof(
          ...members.map((member) =>
            content(member, words, depth).map((value) => ({ case: member.localName, value })),
          ),
        ),
      ]),
    ),
    { requiredKeys: [] },
  );
  return fc
    .tuple(values, choices)
    .map(([own, chosen]) => create(type, { ...own, ...chosen } as never));
}
