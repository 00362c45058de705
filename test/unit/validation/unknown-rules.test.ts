import {
  create,
  createFileRegistry,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import {
  AnySchema,
  DurationSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  TimestampSchema,
} from "@bufbuild/protobuf/wkt";
import { CompilationError, createValidator } from "@bufbuild/protovalidate";
import {
  FieldRulesSchema,
  file_buf_validate_validate,
  type MessageRulesSchema,
  PredefinedRulesSchema,
  predefined,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { describe, expect, test } from "vitest";
import { MessageValidator } from "#validation/message-validator.ts";
import { plainPattern } from "#validation/pattern.ts";
import { type FieldInit, type RulesInit, ruledType } from "../../support/ruled-type.ts";
import { validated, verdictOf } from "../../support/validated.ts";

type Rules = NonNullable<RulesInit["type"]>;

const one = Uint8Array.of(1);
const two = Uint8Array.of(2);
const text = (value: Extract<Rules, { case: "string" }>["value"]): FieldInit => ({
  type: "STRING",
  rules: { type: { case: "string", value } },
});
const bytes = (value: Extract<Rules, { case: "bytes" }>["value"]): FieldInit => ({
  type: "BYTES",
  rules: { type: { case: "bytes", value } },
});
const double = (value: Extract<Rules, { case: "double" }>["value"]): FieldInit => ({
  type: "DOUBLE",
  rules: { type: { case: "double", value } },
});
const ofType = (type: FieldInit["type"], rules: Rules): FieldInit => ({
  type,
  rules: { type: rules },
});
const unique: RulesInit = { type: { case: "repeated", value: { unique: true } } };
const isPositive = { id: "positive", message: "must be positive", expression: "this > 0" };

describe("a rule that is not known: the library decides, and is asked", () => {
  test.each<[string, FieldInit, unknown, unknown?]>([
    ["a pattern", text({ pattern: "^a+$" }), "aa", "b"],
    ["a format", text({ wellKnown: { case: "ipv4", value: true } }), "1.2.3.4", "b"],
    ["a known rule beside one that is not", text({ minLen: 2n, pattern: "^a+$" }), "aa", "a"],
    ["in of bytes", bytes({ in: [one] }), one, two],
    ["prefix of bytes", bytes({ prefix: one }), one, two],
    ["unique bytes", { type: "BYTES", is: "repeated", rules: unique }, [one, two], [one, one]],
    [
      "unique messages",
      { type: "google.protobuf.Duration", is: "repeated", rules: unique },
      [{ seconds: 1n }, { seconds: 2n }],
    ],
    ["CEL on a field", { type: "INT32", rules: { cel: [isPositive] } }, 1, -1],
    ["CEL expression on a field", { type: "INT32", rules: { celExpression: ["this > 0"] } }, 1, -1],
    [
      "CEL on items",
      {
        type: "INT32",
        is: "repeated",
        rules: { type: { case: "repeated", value: { items: { cel: [isPositive] } } } },
      },
      [1],
      [-1],
    ],
    [
      "keys of a map that are not text",
      {
        type: "INT32",
        key: "INT32",
        rules: {
          type: {
            case: "map",
            value: { keys: { type: { case: "int32", value: { in: [1] } } } },
          },
        },
      },
      { 1: 1 },
      { 2: 1 },
    ],
    [
      "64-bit integers as text",
      { ...ofType("INT64", { case: "int64", value: { notIn: [2n] } }), isLongText: true },
      "1",
      "2",
    ],
    [
      "unique 64-bit integers as text",
      { type: "INT64", is: "repeated", rules: unique, isLongText: true },
      ["1", "2"],
      ["1", "01"],
    ],
    [
      "a wrapper's rules",
      ofType("google.protobuf.StringValue", { case: "string", value: { minLen: 2n } }),
      "ab",
      "a",
    ],
    [
      "rules of a timestamp",
      ofType("google.protobuf.Timestamp", {
        case: "timestamp",
        value: { const: create(TimestampSchema, { seconds: 1n }) },
      }),
      { seconds: 1n },
      { seconds: 2n },
    ],
    [
      "rules of a duration",
      ofType("google.protobuf.Duration", {
        case: "duration",
        value: { in: [create(DurationSchema, { seconds: 1n })] },
      }),
      { seconds: 1n },
      { seconds: 2n },
    ],
    [
      "rules of an Any",
      ofType("google.protobuf.Any", { case: "any", value: { in: ["x.y/Z"] } }),
      create(AnySchema, { typeUrl: "x.y/Z" }),
      create(AnySchema, { typeUrl: "x.y/W" }),
    ],
  ])("%s", (_, value, good, bad) => {
    const type = ruledType({ value });
    const quick = validated(type);
    for (const [init, verdict] of [
      [good, "valid"],
      ...(bad === undefined ? [] : [[bad, "invalid"] as const]),
    ] as const) {
      const message = create(type, { value: init });
      expect(verdictOf(type, message)).toBe(verdict);
      expect(quick.says(message)).toBe(verdict === "valid");
      expect(quick.asked.splice(0)).toEqual([message]);
    }
  });

  test.each<[string, MessageInitShape<typeof MessageRulesSchema>]>([
    ["of other things than presence", { cel: [{ id: "x", expression: "this.a != ''" }] }],
    [
      "of presence and more",
      { cel: [{ id: "x", expression: "has(this.a) || has(this.b) || this.a != this.b" }] },
    ],
    ["without an id", { celExpression: ["has(this.a) || has(this.b)"] }],
    ["one of several fields", { oneof: [{ fields: ["a", "b"], required: true }] }],
  ])("a message's rule, %s", (_, rules) => {
    const type = ruledType({ a: { type: "STRING" }, b: { type: "STRING" } }, rules);
    const quick = validated(type);
    expect(quick.says(create(type, { a: "x" }))).toBe(true);
    expect(quick.says(create(type))).toBe(false);
    expect(quick.asked).toHaveLength(2);
  });

  test("bounds that are not a number", () => {
    const { NaN: none } = Number;
    const type = ruledType({
      value: double({
        greaterThan: { case: "gt", value: 1 },
        lessThan: { case: "lt", value: none },
      }),
    });
    const quick = validated(type);
    for (const value of [0, 2, none]) {
      const message = create(type, { value });
      expect(quick.says(message)).toBe(verdictOf(type, message) === "valid");
      expect(quick.asked.splice(0)).toEqual([message]);
    }
  });

  test.each<[string, FieldInit]>([
    ["of another type than the value's", ofType("INT32", { case: "string", value: { len: 1n } })],
    ["on a message", ofType("Self", { case: "string", value: { len: 1n } })],
    ["of an extension that nobody knows", { type: "STRING", rules: withExtension() }],
  ])("rules that do not compile fail every message: rules %s", (_, value) => {
    const type = ruledType({ value, other: { type: "STRING" } });
    expect(verdictOf(type, create(type))).toBe("error");
    expect(() => validated(type).says(create(type))).toThrow(CompilationError);
    const outer = ruledType({ value: { type }, name: text({ maxLen: 1n }) });
    expect(verdictOf(outer, create(outer))).toBe("error");
    expect(() => validated(outer).says(create(outer))).toThrow(CompilationError);
  });

  test("predefined rules, where the library knows them", () => {
    const own = createValidator({ registry: predefinedRules() });
    const type = ruledType({ value: { type: "STRING", rules: withExtension() } });
    const quick = validated(type, own);
    expect(quick.says(create(type, { value: "a" }))).toBe(true);
    expect(quick.says(create(type, { value: "b" }))).toBe(false);
    expect(quick.asked).toHaveLength(2);
  });
});

/** A registry with the extension `is_a` of string rules. */
function predefinedRules() {
  const options = create(FieldOptionsSchema);
  const rule = { id: "is_a", message: "must be a", expression: "this == 'a'" };
  setExtension(options, predefined, create(PredefinedRulesSchema, { cel: [rule] }));
  const file = create(FileDescriptorProtoSchema, {
    name: "predefined.proto",
    package: "predefined",
    syntax: "proto2",
    dependency: [file_buf_validate_validate.proto.name],
    extension: [
      {
        name: "is_a",
        number: 5000,
        label: FieldDescriptorProto_Label.OPTIONAL,
        type: FieldDescriptorProto_Type.BOOL,
        extendee: ".buf.validate.StringRules",
        options,
      },
    ],
  });
  return createFileRegistry(file, () => file_buf_validate_validate);
}

/** String rules with that extension, which by themselves they do not have. */
function withExtension(): RulesInit {
  const rules = create(FieldRulesSchema, { type: { case: "string", value: { minLen: 1n } } });
  if (rules.type.case === "string") {
    rules.type.value.$unknown = [{ no: 5000, wireType: 0, data: Uint8Array.of(1) }];
  }
  return rules;
}

describe("of a message in parts", () => {
  const inner = ruledType({ value: text({ pattern: "^a+$" }) });
  const outer = ruledType({
    name: text({ minLen: 1n }),
    parts: { type: inner, is: "repeated" },
    part: { type: inner },
  });

  test("the library is asked about the parts whose rules are not known", () => {
    const quick = validated(outer);
    const parts = [{ value: "a" }, { value: "aa" }];
    const valid = create(outer, { name: "x", parts });
    expect(quick.says(valid)).toBe(true);
    expect(quick.asked.splice(0)).toEqual((valid as unknown as { parts: unknown }).parts);
    expect(quick.says(create(outer, { name: "x" }))).toBe(true);
    expect(quick.asked).toEqual([]);
  });

  test("without a library such a type is a mistake, which its first message tells", () => {
    const alone = new MessageValidator();
    const named = `${inner.typeName} has rules that are not known`;
    expect(() => alone.isValid(outer, create(outer, { name: "x" }))).toThrow(named);
  });

  test("its words about a part lead to the part", () => {
    const told = "does not match regex pattern `^a+$`";
    const bad = create(outer, { parts: [{ value: "a" }, { value: "b" }], part: { value: "c" } });
    expect(validated(outer).faults(bad)).toEqual([
      "name: must be at least 1 characters",
      `parts[1].value: ${told}`,
      `part.value: ${told}`,
    ]);
  });
});

const isOne: RulesInit = { type: { case: "int32", value: { const: 1 } } };

test("the search ends with as many violations as are asked for", () => {
  const type = ruledType({
    list: {
      type: "INT32",
      is: "repeated",
      rules: { type: { case: "repeated", value: { items: isOne } } },
    },
    map: {
      type: "INT32",
      key: "STRING",
      rules: { type: { case: "map", value: { values: isOne } } },
    },
    name: text({ minLen: 1n }),
  });
  let seen = 0;
  const counted = new Proxy(new Array<number>(1000).fill(0), {
    get(target, property, receiver) {
      if (typeof property === "string" && /^\d+$/.test(property)) seen += 1;
      return Reflect.get(target, property, receiver) as unknown;
    },
  });
  const { faults } = validated(type);
  const message = create(type);
  Object.assign(message, { list: counted, map: { a: 0, b: 0 } });
  expect(faults(message, 3)).toEqual([0, 1, 2].map((index) => `list[${index}]: must equal 1`));
  expect(seen).toBeLessThan(12);
  Object.assign(message, { list: [0] });
  const first = ["list[0]: must equal 1", 'map["a"]: must equal 1', 'map["b"]: must equal 1'];
  expect(faults(message, 3)).toEqual(first);
  expect(faults(message, 5)).toEqual([...first, "name: must be at least 1 characters"]);
});

test("a text that is too long is not held against a pattern", () => {
  const type = ruledType({ value: text({ pattern: "^[a-z]+$", maxLen: 3n }) });
  const { faults, says, asked } = validated(type);
  for (const value of ["abcd", "----"]) {
    expect(says(create(type, { value }))).toBe(false);
    expect(faults(create(type, { value }))).toEqual(["value: must be at most 3 characters"]);
  }
  expect(faults(create(type, { value: "a-" }))).toEqual([
    "value: does not match regex pattern `^[a-z]+$`",
  ]);
  expect(asked).toEqual([]);
});

test.each([
  ["^[A-Za-z0-9_.-]{1,64}$", true],
  ["^image/[a-z0-9.+-]+$", true],
  ["^v[0-9]$", true],
  ["^[a-z]+[0-9]+$", false],
  ["^[a-z]+", false],
  ["[a-z]+$", false],
  ["^(a|b)$", false],
  ["^a+$", false],
  ["^a.b$", false],
  ["^[^a]$", false],
  ["^\\d$", false],
  ["^[z-a]$", false],
])("whether a pattern is one that JavaScript takes as RE2 does: %s", (pattern, isPlain) => {
  expect(plainPattern(pattern) !== undefined).toBe(isPlain);
});
