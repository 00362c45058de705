import { create, toBinary } from "@bufbuild/protobuf";
import { Ignore } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect, test } from "vitest";
import { Decoders } from "#protobuf/decoder.ts";
import { ruleLimits } from "#validation/field-limits.ts";
import { type FieldInit, type RulesInit, ruledType } from "../../support/ruled-type.ts";
import { validated } from "../../support/validated.ts";

const decoders = new Decoders({ limitsOf: ruleLimits });
const short: RulesInit = { type: { case: "string", value: { maxLen: 2n } } };
const small: RulesInit = { type: { case: "bytes", value: { maxLen: 2n } } };
const narrow: RulesInit = { type: { case: "string", value: { maxBytes: 2n, maxLen: 9n } } };
const few = (items?: RulesInit): RulesInit => ({
  type: { case: "repeated", value: { maxItems: 2n, ...(items && { items }) } },
});
const map = (of: { keys?: RulesInit; values?: RulesInit }): RulesInit => ({
  type: { case: "map", value: of },
});
const long = "\u{1F600}".repeat(2);

test.each<readonly [string, FieldInit, unknown, unknown]>([
  ["a text's characters", { type: "STRING", rules: short }, long, `${long}x`],
  ["a text's bytes", { type: "STRING", rules: narrow }, "ab", "abc"],
  ["bytes", { type: "BYTES", rules: small }, Buffer.alloc(2), Buffer.alloc(3)],
  ["items", { type: "INT32", is: "repeated", rules: few() }, [0, 0], [0, 0, 0]],
  ["messages", { type: "Self", is: "repeated", rules: few() }, [{}, {}], [{}, {}, {}]],
  [
    "texts in a list",
    { type: "STRING", is: "repeated", rules: few(short) },
    [long],
    ["", `${long}x`],
  ],
  ["a member of a oneof", { type: "STRING", is: "member", rules: short }, long, `${long}x`],
])("%s are bounded while they are read, in the words of the rule", (_, value, most, more) => {
  const type = ruledType({ value });
  const holding = (content: unknown) =>
    create(
      type,
      value.is === "member" ? { choice: { case: "value", value: content } } : { value: content },
    );
  const decode = decoders.of(type);
  expect(decode(toBinary(type, holding(most)))).toBeDefined();
  const [told] = validated(type).faults(holding(more));
  expect(told).toMatch(/^value/);
  expect(() => decode(toBinary(type, holding(more)))).toThrow(told);
});

test.each<readonly [string, RulesInit]>([
  ["keys", map({ keys: short })],
  ["values", map({ values: short })],
])("%s of a map are bounded while they are read", (name, rules) => {
  const type = ruledType({ value: { type: "STRING", key: "STRING", rules } });
  const of = (text: string) => ({ value: name === "keys" ? { [text]: "" } : { "": text } });
  const decode = decoders.of(type);
  expect(decode(toBinary(type, create(type, of(long))))).toBeDefined();
  const over = toBinary(type, create(type, of(`${long}x`)));
  expect(() => decode(over)).toThrow("value: must be at most 2 characters");
});

test.each<readonly [string, FieldInit]>([
  ["without rules", { type: "STRING" }],
  ["whose rules are ignored", { type: "STRING", rules: { ...short, ignore: Ignore.ALWAYS } }],
  [
    "whose items' rules are ignored",
    {
      type: "STRING",
      is: "repeated",
      rules: { type: { case: "repeated", value: { items: { ...short, ignore: Ignore.ALWAYS } } } },
    },
  ],
  [
    "with a least length alone",
    { type: "STRING", rules: { type: { case: "string", value: { minLen: 1n } } } },
  ],
  [
    "of a list with a least length alone",
    {
      type: "STRING",
      is: "repeated",
      rules: { type: { case: "repeated", value: { minItems: 1n } } },
    },
  ],
  [
    "of an enum",
    { type: "Color", rules: { type: { case: "enum", value: { definedOnly: true } } } },
  ],
  ["of a map without rules", { type: "STRING", key: "STRING" }],
])("a field %s has no bounds", (_, value) => {
  const [field] = ruledType({ value }).fields;
  if (field === undefined) throw new Error("no field");
  const { items, keyBytes, valueBytes } = ruleLimits(field);
  expect([items, keyBytes, valueBytes]).toEqual([undefined, undefined, undefined]);
});
