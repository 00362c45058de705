import { create } from "@bufbuild/protobuf";
import { anyPack, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { Ignore } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { describe, expect, test } from "vitest";
import { type FieldInit, type RulesInit, ruledType } from "../../support/ruled-type.ts";
import { expectSame } from "../../support/validated.ts";

type Kind = FieldInit["type"];
type Rules = NonNullable<RulesInit["type"]>;
type Properties = Readonly<Record<string, unknown>>;

/** Where rules of a single value may be, and a message that has the value there. */
const places: Readonly<
  Record<string, readonly [(type: Kind, of: Rules) => FieldInit, (value: unknown) => Properties]>
> = {
  "a field": [(type, of) => ({ type, rules: { type: of } }), (value) => ({ value })],
  "an optional field": [
    (type, of) => ({ type, is: "optional", rules: { type: of } }),
    (value) => ({ value }),
  ],
  "a required field": [
    (type, of) => ({ type, rules: { type: of, required: true } }),
    (value) => ({ value }),
  ],
  "a required field with presence": [
    (type, of) => ({ type, is: "optional", rules: { type: of, required: true } }),
    (value) => ({ value }),
  ],
  "a field ignored at zero": [
    (type, of) => ({ type, rules: { type: of, ignore: Ignore.IF_ZERO_VALUE } }),
    (value) => ({ value }),
  ],
  "an ignored field": [
    (type, of) => ({ type, rules: { type: of, required: true, ignore: Ignore.ALWAYS } }),
    (value) => ({ value }),
  ],
  "a member of a oneof": [
    (type, of) => ({ type, is: "member", rules: { type: of } }),
    (value) => ({ choice: { case: "value", value } }),
  ],
  "a proto2 field": [
    (type, of) => ({ type, is: "proto2 optional", rules: { type: of } }),
    (value) => ({ value }),
  ],
  "a proto2 required field": [
    (type, of) => ({ type, is: "proto2 required", rules: { type: of } }),
    (value) => ({ value }),
  ],
  items: [
    (type, of) => ({ type, is: "repeated", rules: items({ type: of }) }),
    (value) => ({ value: [value] }),
  ],
  "items ignored at zero": [
    (type, of) => ({
      type,
      is: "repeated",
      rules: items({ type: of, ignore: Ignore.IF_ZERO_VALUE }),
    }),
    (value) => ({ value: [value, value] }),
  ],
  "ignored items": [
    (type, of) => ({ type, is: "repeated", rules: items({ type: of, ignore: Ignore.ALWAYS }) }),
    (value) => ({ value: [value] }),
  ],
  "values of a map": [
    (type, of) => ({ type, key: "INT32", rules: entries({ values: { type: of } }) }),
    (value) => ({ value: { 7: value } }),
  ],
};

function items(of: RulesInit): RulesInit {
  return { type: { case: "repeated", value: { items: of } } };
}

function entries(of: { readonly keys?: RulesInit; readonly values?: RulesInit }): RulesInit {
  return { type: { case: "map", value: of } };
}

const texts = [
  ...["", "a", "b", "ab", "abc", "ba", "c", "abcd", "é", "éé", "𝒳", "𝒳𝒳", "a𝒳", "𝒳𝒳𝒳"],
  ...["\ud800", "\udc00\ud800", "a\ud800", "日本"],
];
const textRules: Readonly<Record<string, Extract<Rules, { case: "string" }>["value"]>> = {
  const: { const: "ab" },
  len: { len: 2n },
  "len of nothing": { len: 0n },
  min_len: { minLen: 2n },
  max_len: { maxLen: 2n },
  "min_len and max_len": { minLen: 1n, maxLen: 2n },
  "max_len beyond 2^53": { maxLen: 2n ** 64n - 1n },
  len_bytes: { lenBytes: 4n },
  min_bytes: { minBytes: 3n },
  max_bytes: { maxBytes: 3n },
  prefix: { prefix: "a" },
  suffix: { suffix: "b" },
  contains: { contains: "b" },
  not_contains: { notContains: "b" },
  in: { in: ["ab", "c"] },
  not_in: { notIn: ["ab", ""] },
};

const integers = [-2, -1, 0, 1, 2, 3, 4];
const integerRules = {
  const: { const: 2 },
  gt: { greaterThan: { case: "gt", value: 1 } },
  gte: { greaterThan: { case: "gte", value: 1 } },
  lt: { lessThan: { case: "lt", value: 2 } },
  lte: { lessThan: { case: "lte", value: 2 } },
  "gt and lt": { greaterThan: { case: "gt", value: 0 }, lessThan: { case: "lt", value: 3 } },
  "gte and lte": { greaterThan: { case: "gte", value: 1 }, lessThan: { case: "lte", value: 3 } },
  "gt beyond lt": { greaterThan: { case: "gt", value: 2 }, lessThan: { case: "lt", value: 1 } },
  "gte beyond lte": { greaterThan: { case: "gte", value: 3 }, lessThan: { case: "lte", value: 0 } },
  "gte at lte": { greaterThan: { case: "gte", value: 2 }, lessThan: { case: "lte", value: 2 } },
  in: { in: [1, 3] },
  not_in: { notIn: [0, 3] },
};
const floats = [...integers, -0, 0.5, 2.5, Number.NaN, Infinity, -Infinity];
const floatRules = {
  ...integerRules,
  finite: { finite: true },
  "not finite": { finite: false },
  "const NaN": { const: Number.NaN },
  "in with NaN": { in: [Number.NaN, 1] },
  "not_in with NaN": { notIn: [Number.NaN, 1] },
};

/** The same with 64-bit integers, in rules as in values. */
function long<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, part) =>
    typeof part === "number" ? BigInt(part) : part,
  ) as T;
}

const naturals = integers.filter((value) => value >= 0);
const numeric: Readonly<Record<string, readonly [object, readonly unknown[]]>> = {
  FLOAT: [floatRules, floats],
  DOUBLE: [floatRules, floats],
  INT32: [integerRules, integers],
  SINT32: [integerRules, integers],
  SFIXED32: [integerRules, integers],
  UINT32: [integerRules, naturals],
  FIXED32: [integerRules, naturals],
  INT64: [long(integerRules), long(integers)],
  SINT64: [long(integerRules), long(integers)],
  SFIXED64: [long(integerRules), long(integers)],
  UINT64: [long(integerRules), long(naturals)],
  FIXED64: [long(integerRules), long(naturals)],
};

const byteStrings = [0, 1, 2, 3].map((length) => new Uint8Array(length));

/** Rules of single values: their name, the values' type, the rules, values of all sorts. */
const rows: readonly (readonly [string, Kind, Rules, readonly unknown[]])[] = [
  ...Object.entries(textRules).map(
    ([name, value]) => [`string ${name}`, "STRING", { case: "string", value }, texts] as const,
  ),
  ...Object.entries(numeric).flatMap(([type, [rules, values]]) =>
    Object.entries(rules).map(
      ([name, value]) =>
        [
          `${type.toLowerCase()} ${name}`,
          type as Kind,
          { case: type.toLowerCase(), value } as Rules,
          values,
        ] as const,
    ),
  ),
  ["bool const true", "BOOL", { case: "bool", value: { const: true } }, [true, false]],
  ["bool const false", "BOOL", { case: "bool", value: { const: false } }, [true, false]],
  ["bytes len", "BYTES", { case: "bytes", value: { len: 2n } }, byteStrings],
  ["bytes min_len", "BYTES", { case: "bytes", value: { minLen: 2n } }, byteStrings],
  ["bytes max_len", "BYTES", { case: "bytes", value: { maxLen: 1n } }, byteStrings],
  ["enum const", "Color", { case: "enum", value: { const: 5 } }, [0, 1, 2, 5]],
  ["enum defined_only", "Color", { case: "enum", value: { definedOnly: true } }, [0, 1, 2, 5]],
  ["enum not defined_only", "Color", { case: "enum", value: { definedOnly: false } }, [0, 2]],
  ["enum in", "Color", { case: "enum", value: { in: [1, 2] } }, [0, 1, 2, 5]],
  ["enum not_in", "Color", { case: "enum", value: { notIn: [0, 2] } }, [0, 1, 2, 5]],
];

describe("a rule that is known is answered as by the library, without asking it", () => {
  test.each(rows)("%s", (_, type, rules, values) => {
    for (const [field, holding] of Object.values(places)) {
      expectSame(ruledType({ value: field(type, rules) }), [{}, ...values.map(holding)]);
    }
  });

  test("all but these are kept by some of the values and broken by others", () => {
    const alike = rows.filter(([, type, rules, values]) => {
      const [field, holding] = places.items ?? [];
      if (field === undefined || holding === undefined) return true;
      const verdicts = expectSame(ruledType({ value: field(type, rules) }), values.map(holding));
      return new Set(verdicts).size < 2;
    });
    expect(alike.map(([name]) => name)).toEqual([
      "string max_len beyond 2^53",
      "float not finite",
      "float const NaN",
      "double not finite",
      "double const NaN",
      "enum not defined_only",
    ]);
  });
});

const names = (...value: readonly string[]) => ({ value });
const listRow = (value: Extract<Rules, { case: "repeated" }>["value"]): FieldInit => ({
  type: "STRING",
  is: "repeated",
  rules: { type: { case: "repeated", value } },
});
const mapRow = (value: Extract<Rules, { case: "map" }>["value"]): FieldInit => ({
  type: "INT32",
  key: "STRING",
  rules: { type: { case: "map", value } },
});
const least2: RulesInit = { type: { case: "string", value: { minLen: 2n } } };

describe("lists and maps", () => {
  const lists = [names(), names("a"), names("a", "b"), names("a", "a"), names("a", "b", "", "")];
  const maps = [{}, { a: 1 }, { a: 1, b: 2 }, { a: 1, b: 0, c: 3 }].map((value) => ({ value }));
  test.each<[string, FieldInit, readonly Properties[]]>([
    ["min_items", listRow({ minItems: 2n }), lists],
    ["max_items", listRow({ maxItems: 1n }), lists],
    ["unique", listRow({ unique: true }), lists],
    ["not unique", listRow({ unique: false }), lists],
    ["min_items and items", listRow({ minItems: 1n, items: least2 }), [...lists, names("ab")]],
    ["min_pairs", mapRow({ minPairs: 2n }), maps],
    ["max_pairs", mapRow({ maxPairs: 1n }), maps],
    ["keys", mapRow({ keys: least2 }), [...maps, { value: { ab: 1 } }]],
    [
      "keys with an ignored zero",
      mapRow({ keys: { ...least2, ignore: Ignore.IF_ZERO_VALUE } }),
      [...maps, { value: { "": 1 } }],
    ],
    ["a required list", { type: "STRING", is: "repeated", rules: { required: true } }, lists],
    [
      "a list ignored when empty",
      {
        ...listRow({ minItems: 2n }),
        rules: {
          ignore: Ignore.IF_ZERO_VALUE,
          type: { case: "repeated", value: { minItems: 2n } },
        },
      },
      lists,
    ],
    ["a required map", { type: "INT32", key: "STRING", rules: { required: true } }, maps],
  ])("%s", (_, value, messages) => {
    const verdicts = expectSame(ruledType({ value }), messages);
    expect(verdicts).toContain(true);
  });

  test.each<[Kind, readonly unknown[]]>([
    ["INT64", [1n, 2n, 1n]],
    ["DOUBLE", [0, 1, -0]],
    ["BOOL", [true, false, true]],
    ["Color", [1, 5, 1]],
  ])("unique %s", (type, all) => {
    const rules: RulesInit = { type: { case: "repeated", value: { unique: true } } };
    const unique = ruledType({ value: { type, is: "repeated", rules } });
    expect(expectSame(unique, [{ value: all }, { value: all.slice(0, 2) }])).toEqual([false, true]);
  });
});

describe("messages", () => {
  const name: FieldInit = { type: "STRING", rules: least2 };

  test("nested at any depth, in types that contain themselves", () => {
    const node = ruledType({
      name,
      child: { type: "Self" },
      children: { type: "Self", is: "repeated" },
      by_name: { type: "Self", key: "STRING" },
      chosen: { type: "Self", is: "member" },
      other: { type: "INT32", is: "member" },
    });
    const good = { name: "ab" };
    const bad = { name: "a" };
    const within = (leaf: Properties): Properties[] => [
      { ...good, child: leaf },
      { ...good, children: [good, leaf] },
      { ...good, byName: { x: good, y: leaf } },
      { ...good, choice: { case: "chosen", value: leaf } },
      { ...good, child: { ...good, children: [{ ...good, byName: { x: leaf } }] } },
    ];
    expect(expectSame(node, within(good))).not.toContain(false);
    expect(expectSame(node, within(bad))).not.toContain(true);
    expect(expectSame(node, [good, bad, { ...good, choice: { case: "other", value: 1 } }])).toEqual(
      [true, false, true],
    );
  });

  test("whose rules are those of a type within them", () => {
    const inner = ruledType({ name });
    const middle = ruledType({ inner: { type: inner } });
    const outer = ruledType({ middles: { type: middle, is: "repeated" } });
    const verdicts = expectSame(outer, [
      {},
      { middles: [{}] },
      { middles: [{}, { inner: { name: "ab" } }] },
      { middles: [{}, { inner: { name: "a" } }] },
    ]);
    expect(verdicts).toEqual([true, true, true, false]);
  });

  test("that are required, ignored, or ignored within lists and maps", () => {
    const rules: RulesInit = { required: true };
    const required = ruledType({ name, child: { type: "Self", rules } });
    const child = { name: "ab" };
    expect(expectSame(required, [child, { ...child, child: { ...child, child } }])).toEqual([
      false,
      false,
    ]);
    const ignored: RulesInit = { ignore: Ignore.ALWAYS };
    const ignoring = ruledType({
      name,
      child: { type: "Self", rules: ignored },
      children: { type: "Self", is: "repeated", rules: items(ignored) },
      by_name: { type: "Self", key: "STRING", rules: entries({ values: ignored }) },
      seen: {
        type: "Self",
        is: "repeated",
        rules: items({ ignore: Ignore.IF_ZERO_VALUE }),
      },
    });
    const all = [
      { name: "ab", child: {}, children: [{}], byName: { x: {} } },
      { name: "ab", seen: [{}] },
    ];
    expect(expectSame(ignoring, all)).toEqual([true, false]);
  });

  test("of types without rules are not looked into: Struct, Any and wrappers as they are", () => {
    const type = ruledType({
      name,
      struct: { type: "google.protobuf.Struct" },
      value: { type: "google.protobuf.Value" },
      any: { type: "google.protobuf.Any" },
      text: { type: "google.protobuf.StringValue", rules: { required: true } },
      texts: { type: "google.protobuf.StringValue", is: "repeated" },
    });
    const full = {
      name: "ab",
      struct: { a: { b: [1, null, "c"] } },
      value: { kind: { case: "nullValue", value: 0 } },
      any: anyPack(TimestampSchema, create(TimestampSchema)),
      text: "",
      texts: [{ value: "" }],
    };
    expect(expectSame(type, [full, { ...full, name: "a" }, { name: "ab" }])).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("with a required oneof", () => {
    const type = ruledType(
      { a: { type: "STRING", is: "member" }, b: { type: "Self", is: "member" } },
      undefined,
      true,
    );
    const set = (value: object) => ({ choice: value });
    expect(
      expectSame(type, [
        {},
        set({ case: "a", value: "" }),
        set({ case: "b", value: { choice: { case: "a", value: "x" } } }),
        set({ case: "b", value: {} }),
      ]),
    ).toEqual([false, true, true, false]);
  });

  test.each(["||", "&&", "!="])("with a rule in CEL on the presence of fields: %s", (operator) => {
    const type = ruledType(
      {
        text: { type: "STRING" },
        list: { type: "INT32", is: "repeated" },
        set: { type: "BOOL", is: "optional" },
        map: { type: "INT32", key: "STRING" },
        child: { type: "google.protobuf.Struct" },
        member: { type: "DOUBLE", is: "member" },
      },
      {
        cel: [
          ["text", "list"],
          ["set", "map"],
          ["child", "member"],
        ].map(([a, b]) => ({
          id: `${a}.${b}`,
          expression: `has(this.${a}) ${operator} has(this.${b})`,
        })),
      },
    );
    const values: Properties = {
      text: "a",
      list: [0],
      set: false,
      map: { a: 0 },
      child: {},
      choice: { case: "member", value: 0 },
    };
    const every = Array.from({ length: 64 }, (_, bits) =>
      Object.fromEntries(Object.entries(values).filter((__, at) => (bits >> at) & 1)),
    );
    expect(new Set(expectSame(type, every)).size).toBe(2);
  });

  test("exactly one of several fields is set", () => {
    const type = ruledType(
      {
        text: { type: "STRING" },
        list: { type: "INT32", is: "repeated" },
        set: { type: "BOOL", is: "optional" },
      },
      {
        cel: [
          {
            id: "one",
            expression:
              "[has(this.text), has(this.list), has(this.set)].filter(one, one).size() == 1",
          },
        ],
      },
    );
    const values: Properties = { text: "a", list: [0], set: false };
    const every = Array.from({ length: 8 }, (_, bits) =>
      Object.fromEntries(Object.entries(values).filter((__, at) => (bits >> at) & 1)),
    );
    expect(new Set(expectSame(type, every)).size).toBe(2);
  });
});
