/** What JSON is read as, what is refused and in which words, and how much is read at all. */

import {
  create,
  createRegistry,
  type DescMessage,
  getExtension,
  type JsonValue,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { PredictRequestSchema } from "#gen/polygate/v1/predict_pb.js";
import { JsonProblem } from "#json/problem.ts";
import { JsonReader } from "#json/reader.ts";
import { ruleLimits } from "#validation/field-limits.ts";
import { testProtos } from "../../support/test-protos.ts";

const files = testProtos();
const registry = createRegistry(...files.files);
const reader = new JsonReader({ registry });
const lenient = new JsonReader({ registry, ignoreUnknownFields: true });

function type(name: string): DescMessage {
  const found = files.getMessage(name);
  if (found === undefined) throw new Error(name);
  return found;
}

const values = type("vectors.ParameterValues");

/** A message as JSON with the names of the proto file. */
function read(desc: DescMessage, text: string, by = reader): JsonValue {
  const message = by.readNow(desc, text);
  return toJson(desc, message, { registry, useProtoFieldName: true });
}

function problemOf(desc: DescMessage, text: string, by = reader): Partial<JsonProblem> {
  try {
    by.readNow(desc, text);
  } catch (thrown) {
    if (thrown instanceof JsonProblem) {
      const { kind, path, description } = thrown;
      return { kind, path, description };
    }
    throw thrown;
  }
  throw new Error(`${text.slice(0, 100)} was read`);
}

describe("an integer", () => {
  test.each([
    ['{"int64_value":9007199254740993}', { int64_value: "9007199254740993" }],
    ['{"int64_value":9223372036854775807}', { int64_value: "9223372036854775807" }],
    ['{"int64_value":-9223372036854775808}', { int64_value: "-9223372036854775808" }],
    ['{"uint64_value":18446744073709551615}', { uint64_value: "18446744073709551615" }],
    ['{"int64_value":9007199254740993.0}', { int64_value: "9007199254740993" }],
    ['{"int64_value":9.007199254740993e15}', { int64_value: "9007199254740993" }],
    ['{"int64_value":"9007199254740993"}', { int64_value: "9007199254740993" }],
    ['{"sfixed64_value":12345678901234567}', { sfixed64_value: "12345678901234567" }],
    ['{"int64_value_wrapper":9007199254740993}', { int64_value_wrapper: "9007199254740993" }],
    ['{"labels":{"a":9007199254740993}}', { labels: { a: "9007199254740993" } }],
    ['{"text_number":9007199254740993}', { text_number: "9007199254740993" }],
    ['{"uint32_value":4294967295}', { uint32_value: 4294967295 }],
    ['{"int32_value":1e3}', { int32_value: 1000 }],
    ['{"int32_value":-0}', {}],
  ])("%s is exact", (text, json) => {
    expect(read(values, text)).toEqual(json);
  });

  test("is exact in a list", () => {
    const lists = type("fields.Lists");
    expect(read(lists, '{"int64s":[9007199254740993,1]}')).toEqual({
      int64s: ["9007199254740993", "1"],
    });
  });

  test.each([
    ["int64_value", "9223372036854775808"],
    ["int64_value", "-9223372036854775809"],
    ["uint64_value", "18446744073709551616"],
    ["uint64_value", "-1"],
    ["uint32_value", "4294967296"],
    ["uint32_value", "-1"],
    ["int32_value", "2147483648"],
    ["int32_value", "1.5"],
    ["int32_value", "1e300"],
    ["int64_value", "0.00000000000000000000001"],
    ["int64_value", "1e99999999"],
  ])("%s is not %s, as number or text", (name, number) => {
    for (const text of [number, `"${number}"`]) {
      expect(problemOf(values, `{"${name}":${text}}`)).toMatchObject({
        kind: "unfit",
        path: name,
        description: expect.stringContaining("integer"),
      });
    }
  });
});

describe("a number that no double is near", () => {
  test.each(['{"double_value":1e400}', '{"value":[1e400]}', '{"struct_value":{"a":-1e400}}'])(
    "%s is refused",
    (text) => {
      expect(problemOf(values, text).kind).toBe("unfit");
    },
  );

  test("is refused in the middle of a long list", () => {
    const numbers = `${"1.5,".repeat(500)}1e400${",1.5".repeat(500)}`;
    const problem = problemOf(values, `{"double_list":[${numbers}]}`);
    expect(problem.path).toBe("double_list[500]");
  });
});

test("long lists of numbers are read as short ones are, whatever is among them", () => {
  const items = Array.from({ length: 5000 }, (_, index) => index / 7);
  expect(read(values, JSON.stringify({ double_list: items }))).toEqual({ double_list: items });
  const mixed = [...items, "NaN", ...items, "-Infinity", "1.5"];
  expect(read(values, JSON.stringify({ double_list: mixed }))).toEqual({
    double_list: [...items, "NaN", ...items, "-Infinity", 1.5],
  });
});

describe("a time", () => {
  test.each([
    ["2024-02-29T23:59:59.999999999Z", "2024-02-29T23:59:59.999999999Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"],
    ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"],
    ["2026-01-31T12:00:00-02:30", "2026-01-31T14:30:00Z"],
    ["2026-01-31T12:00:00+23:59", "2026-01-30T12:01:00Z"],
    ["2026-01-31T12:00:00-23:59", "2026-02-01T11:59:00Z"],
    ["1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"],
  ])("%s is %s", (text, json) => {
    expect(read(values, `{"timestamp":"${text}"}`)).toEqual({ timestamp: json });
  });

  test.each([
    "2023-02-31T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "2023-04-31T00:00:00Z",
    "2023-00-10T00:00:00Z",
    "2023-13-10T00:00:00Z",
    "2023-01-00T00:00:00Z",
    "2023-01-01T24:00:00Z",
    "2023-01-01T00:60:00Z",
    "2023-01-01T00:00:60Z",
    "2023-01-01T00:00:00+24:00",
    "2023-01-01T00:00:00+00:60",
    "2023-01-01T00:00:00",
    "2023-01-01 00:00:00Z",
    "0000-12-31T00:00:00Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
  ])("%s is none", (text) => {
    const expected = "expected an RFC 3339 time such as 2026-01-31T12:00:00Z";
    expect(problemOf(values, `{"timestamp":"${text}"}`)).toMatchObject({
      path: "timestamp",
      description: expected,
    });
    expect(problemOf(values, `{"timestamp_list":["${text}"]}`).path).toBe("timestamp_list[0]");
  });

  test.each(["1.0000000001s", "1sx", "1", "s", "315576000001s", "9999999999999s", "1e3s", "+1s"])(
    "%s is no duration",
    (text) => {
      expect(problemOf(values, `{"duration":"${text}"}`).path).toBe("duration");
    },
  );

  test.each([
    ["-0.5s", "-0.500s"],
    ["315576000000s", "315576000000s"],
    ["-315576000000s", "-315576000000s"],
    ["1.000000001s", "1.000000001s"],
  ])("%s is a duration", (text, json) => {
    expect(read(values, `{"duration":"${text}"}`)).toEqual({ duration: json });
  });
});

describe("what does not fit names the innermost field and what is expected", () => {
  test.each([
    ['{"enum_value":"Female"}', "enum_value", "expected one of ENUM_UNSPECIFIED, ENUM_VALUE"],
    ['{"enum_list":["X"]}', "enum_list[0]", "expected one of ENUM_UNSPECIFIED, ENUM_VALUE"],
    ['{"nested":{"enum_value":"X"}}', "nested.enum_value", "expected one of ENUM_UNSPECIFIED,"],
    ['{"enums":{"1":"X"}}', "enums[1]", "expected one of ENUM_UNSPECIFIED, ENUM_VALUE"],
    ['{"enum_value":1.5}', "enum_value", "expected one of"],
    ['{"nested":{"nested":{"bool_value":1}}}', "nested.nested.bool_value", "true or false"],
    ['{"nestedMap":{"k":{"string_value":1}}}', "nested_map[k].string_value", "expected text"],
    [
      '{"double_list":[[1,2],[3,4]]}',
      "double_list[0]",
      "expected a number, NaN, Infinity or -Infinity, not a list: items are written one after the other, flat",
    ],
    [
      '{"double_list":[0,true]}',
      "double_list[1]",
      "expected a number, NaN, Infinity or -Infinity, not true: 1 is written for true, 0 for false",
    ],
    ['{"double_list":["x"]}', "double_list[0]", "expected a number"],
    ['{"double_list":{}}', "double_list", "expected a JSON array"],
    ['{"double_list":[null]}', "double_list[0]", "must not be null"],
    ['{"labels":{"a":null}}', "labels[a]", "must not be null"],
    ['{"enums":{"x":0}}', "enums[x]", "expected a key that is an integer"],
    ['{"nested":[]}', "nested", "expected a JSON object"],
    ['{"bytes_value":"a*"}', "bytes_value", "expected base64"],
    ['{"duration":1}', "duration", "expected seconds such as 1.5s"],
    ['{"field_mask":"a,,b"}', "field_mask", "expected field paths"],
    ['{"choice_text":"a","choice_number":1}', "choice_number", "only one field of choice"],
    ['{"nope":1}', "nope", "unknown field"],
    ['{"nested":{"nope":{}}}', "nested.nope", "unknown field"],
    ['{"string_value":"\\ud800"}', "string_value", "half of a surrogate pair"],
    ['{"struct_value":[]}', "struct_value", "expected a JSON object"],
    ["[]", "", "expected a JSON object"],
    ["null", "", "expected a JSON object"],
  ])("%s: %s", (text, path, description) => {
    expect(problemOf(values, text)).toMatchObject({
      kind: "unfit",
      path,
      description: expect.stringContaining(description),
    });
  });
});

describe("a name that is given twice is refused", () => {
  test.each([
    ['{"string_value":"a","string_value":"b"}', "string_value"],
    ['{"string_value":"a","string_valu\\u0065":"b"}', "string_value"],
    ['{"stringValue":"a","string_value":"b"}', "string_value"],
    ['{"nested":{"bool_value":true,"bool_value":true}}', "nested.bool_value"],
    // Beyond the fields that are told apart by bits.
    ['{"text_number":"1","textNumber":"2"}', "text_number"],
    ['{"labels":{"a":1,"a":2}}', "labels[a]"],
    ['{"labels":{"__proto__":1,"__proto__":2}}', "labels[__proto__]"],
    ['{"enums":{"1":0,"01":0}}', "enums[01]"],
    ['{"struct_value":{"a":{"b":1,"b":2}}}', "struct_value[a][b]"],
    ['{"value":[{"a":1,"a":1}]}', "value[0][a]"],
  ])("%s", (text, path) => {
    expect(problemOf(values, text)).toMatchObject({ path, description: "given more than once" });
  });

  test("also where nobody knows it", () => {
    for (const text of ['{"nobody":1,"nobody":2}', '{"nobody":[{"a":1,"a":2}]}']) {
      expect(problemOf(values, text, lenient).description).toBe("given more than once");
    }
  });
});

describe("what is no JSON is refused", () => {
  test.each([
    "",
    " ",
    "{",
    "{}}",
    "{} {}",
    '{"a"}',
    '{"string_value":"a",}',
    '{"string_value" "a"}',
    '{,"string_value":"a"}',
    '{"double_list":[1,]}',
    '{"double_list":[,1]}',
    '{"double_list":[1 2]}',
    '{"double_list":[1}',
    '{"double_value":01}',
    '{"double_value":1.}',
    '{"double_value":.5}',
    '{"double_value":+1}',
    '{"double_value":1e}',
    '{"double_value":-}',
    '{"double_value":NaN}',
    '{"string_value":"a}',
    '{"string_value":"\u0001"}',
    '{"string_value":"\\x"}',
    '{"string_value":"\\u00"}',
    "{'string_value':1}",
    '{"bool_value":tru}',
    '\ufeff{"bool_value":true}',
    "\u00a0{}",
  ])("%j", (text) => {
    expect(problemOf(values, text).kind).toBe("malformed");
  });

  test("and says where", () => {
    expect(problemOf(values, '{"double_list":[1 2]}').description).toBe(
      'expected a comma or ] at position 18, found "2"',
    );
  });
});

describe("unknown members", () => {
  test("are passed over where that is asked for, whatever they hold", () => {
    const text = '{"nobody":{"a":[1,{"b":"\\u00e9"},null]},"string_value":"a","toString":1}';
    expect(read(values, text, lenient)).toEqual({ string_value: "a" });
    expect(read(values, '{"enum_value":"NEW","enum_list":["NEW",1]}', lenient)).toEqual({
      enum_list: ["ENUM_VALUE"],
    });
  });

  test("must be JSON all the same", () => {
    expect(problemOf(values, '{"nobody":[1,]}', lenient).kind).toBe("malformed");
  });
});

describe("a field mask", () => {
  test.each([
    ["a.b_c,dE", ["a.b_c", "d_e"]],
    ["line_1", ["line_1"]],
    ["A", ["_a"]],
    ["*", ["*"]],
    ["", []],
  ])("%j has the paths %j", (text, paths) => {
    const message = reader.readNow(values, JSON.stringify({ field_mask: text }));
    expect(message).toMatchObject({ fieldMask: { paths } });
  });

  test("of a text beyond 16,384 characters is not taken apart", () => {
    const mask = (chars: number) => JSON.stringify({ field_mask: "a".repeat(chars) });
    expect(() => reader.readNow(values, mask(16_384))).not.toThrow();
    expect(problemOf(values, mask(16_385)).path).toBe("field_mask");
  });
});

describe("an Any", () => {
  const everything = type("vectors.ABitOfEverything");
  const url = (name: string) => `type.googleapis.com/${name}`;
  const holding = (any: object) => ({ anytype: any });

  test.each([
    ["of a message", { "@type": url("vectors.NestedId"), n_id: "1", val: "x" }],
    ["of a type with a JSON of its own", { "@type": url("google.protobuf.Duration"), value: "1s" }],
    [
      "of an Any",
      {
        "@type": url("google.protobuf.Any"),
        value: { "@type": url("vectors.NestedId"), val: "x" },
      },
    ],
    ["of nothing", {}],
  ])("%s is read", (_name, any) => {
    expect(read(everything, JSON.stringify(holding(any)))).toEqual(holding(any));
  });

  test("has its type at any place", () => {
    const text = `{"anytype":{"val":"}\\"","n_id":{"x":[]}.,"@type":"x"}}`;
    expect(problemOf(everything, text).kind).toBe("malformed");
    const late = `{"anytype":{"val":"}\\"","@type":"${url("vectors.NestedId")}","n_id":"1"}}`;
    expect(read(everything, late)).toEqual(
      holding({ "@type": url("vectors.NestedId"), val: '}"', n_id: "1" }),
    );
  });

  test.each([
    ["of an unknown type", { "@type": url("nope.T"), a: 1 }],
    ["without a type", { val: "x" }],
    ["whose type is no text", { "@type": 1 }],
    ["without its value", { "@type": url("google.protobuf.Duration") }],
  ])("%s is refused", (_name, any) => {
    expect(problemOf(everything, JSON.stringify(holding(any)))).toMatchObject({ kind: "unfit" });
  });

  test("names the field within it that does not fit", () => {
    const any = { "@type": url("vectors.NestedId"), val: 1 };
    expect(problemOf(everything, JSON.stringify(holding(any))).path).toBe("anytype.val");
  });

  test("whose types come last at every level is not gone through again and again", () => {
    let text = `{"@type":"${url("vectors.NestedId")}"}`;
    for (let level = 0; level < 60; level += 1) {
      text = `{"value":${text},"@type":"${url("google.protobuf.Any")}"}`;
    }
    expect(problemOf(everything, `{"anytype":${text}}`)).toMatchObject({
      kind: "limit",
      description: expect.stringContaining("@type"),
    });
  });

  test("holds no more than 10,000 elements", () => {
    const any = (count: number) =>
      JSON.stringify(
        holding({
          "@type": url("vectors.ParameterValues"),
          string_list: Array(count).fill("x"),
        }),
      );
    // Two of them are its members.
    expect(() => reader.readNow(everything, any(9_998))).not.toThrow();
    expect(problemOf(everything, any(9_999))).toMatchObject({
      kind: "limit",
      description: "an Any holds more than 10000 elements",
    });
  });
});

test("extensions that the registry knows are read", () => {
  const legacy = type("legacy.Legacy");
  const nick = registry.getExtension("legacy.nick");
  const marks = registry.getExtension("legacy.marks");
  if (nick === undefined || marks === undefined) throw new Error("no extensions");
  const text = '{"[legacy.nick]":"n","[legacy.marks]":[1,2],"needed":true}';
  const message = reader.readNow(legacy, text);
  expect([getExtension(message, nick), getExtension(message, marks)]).toEqual(["n", [1, 2]]);
  expect(problemOf(legacy, '{"[legacy.nope]":1}').path).toBe("[legacy.nope]");
});

describe("the limit of depth", () => {
  const nested = (levels: number) => `{"value":${"[".repeat(levels)}${"]".repeat(levels)}}`;

  test("is 100 lists and objects, whoever reads them", () => {
    expect(() => reader.readNow(values, nested(99))).not.toThrow();
    const known = problemOf(values, nested(100));
    expect(known).toMatchObject({ kind: "limit", description: expect.stringContaining("100") });
    const unknown = nested(100).replace("value", "nobody");
    expect(problemOf(values, unknown, lenient).kind).toBe("limit");
    const messages = `${'{"nested":'.repeat(101)}{}${"}".repeat(101)}`;
    expect(problemOf(values, messages).kind).toBe("limit");
  });

  test("is noticed at once, however long the text is", () => {
    expect(problemOf(values, `{"value":${"[".repeat(10_000_000)}`).kind).toBe("limit");
  });
});

describe("the limit of elements", () => {
  const few = new JsonReader({ registry, elementsMax: 20, ignoreUnknownFields: true });
  const list = (name: string, item: string, count: number) =>
    `{"${name}":[${Array(count).fill(item).join()}]}`;

  test.each([
    ["texts", (count: number) => list("string_list", '""', count)],
    ["messages", (count: number) => list("timestamp_list", '"2026-01-01T00:00:00Z"', count)],
    ["values", (count: number) => list("value", "1", count)],
    ["values of unknown members", (count: number) => list("nobody", "1", count)],
    [
      "members",
      (count: number) =>
        `{"struct_value":{${Array.from({ length: count }, (_, at) => `"${at}":1`).join()}}}`,
    ],
    [
      "entries",
      (count: number) =>
        `{"labels":{${Array.from({ length: count }, (_, at) => `"${at}":1`).join()}}}`,
    ],
    [
      "unknown members",
      (count: number) =>
        `{"nobody":{${Array.from({ length: count }, (_, at) => `"${at}":1`).join()}}}`,
    ],
  ])("is for %s, one more is refused", (_name, textOf) => {
    expect(() => few.readNow(values, textOf(19))).not.toThrow();
    expect(problemOf(values, textOf(20), few)).toMatchObject({
      kind: "limit",
      description: expect.stringContaining("more than 20 elements"),
    });
  });

  test("takes sixteen numbers of a list for one", () => {
    for (const item of ["1", "1.5"]) {
      expect(() => few.readNow(values, list("double_list", item, 19 * 16))).not.toThrow();
      expect(problemOf(values, list("double_list", item, 19 * 16 + 1), few).kind).toBe("limit");
    }
  });

  test("is 100,000 unless told otherwise", () => {
    expect(() => reader.readNow(values, list("string_list", '""', 99_999))).not.toThrow();
    expect(problemOf(values, list("string_list", '""', 100_000)).kind).toBe("limit");
  });
});

test("a list is read as far as its own rule goes, for whoever knows it", () => {
  const ruled = new JsonReader({ registry, limitsOf: ruleLimits });
  const messages = (count: number) =>
    `{"messages":[${Array(count).fill("{}").join()}${count > 4_096 ? "" : "]}"}`;
  expect(() => ruled.readNow(ChatRequestSchema, messages(4_096))).not.toThrow();
  // It is not read to its end: there is none.
  expect(problemOf(ChatRequestSchema, messages(4_097), ruled)).toEqual({
    kind: "rule",
    path: "messages",
    description: "must contain no more than 4096 item(s)",
  });
  const shape = `{"inputs":[{"shape":[${Array(17).fill("1").join()}]}]}`;
  expect(problemOf(PredictRequestSchema, shape, ruled).path).toBe("inputs[0].shape");
  expect(() => reader.readNow(PredictRequestSchema, shape)).not.toThrow();
});

describe("a long text", () => {
  const strings = [
    ["plain", "x".repeat(300_000)],
    ["escaped", '"\\\n'.repeat(100_000)],
    ["of pairs", "𝄞".repeat(100_000)],
    ["of escaped pairs", "𝄞é".repeat(100_000)],
  ] as const;

  test.each(strings)("that is %s is whole, at any place", (name, string) => {
    const quoted = JSON.stringify(string);
    const json = name.includes("escaped pairs")
      ? quoted.replace(
          /[^\x20-\x7e]/g,
          (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
        )
      : quoted;
    for (const shift of [0, 1, 2, 3, 4, 5]) {
      const text = `${" ".repeat(shift)}{"string_value":${json},"string_list":[${json}]}`;
      expect(reader.readNow(values, text)).toMatchObject({
        stringValue: string,
        stringList: [string],
      });
    }
  });

  test.each(["", "\\", '\\"', "\\x", "\u0001", "\\u12"])("that ends with %j has no end", (end) => {
    const text = `{"string_value":"${"x".repeat(200_000)}${end}`;
    expect(problemOf(values, text).kind).toBe("malformed");
  });

  test.each(["\\", "\\x", "\u0001", "\\u12"])("with %j is no JSON", (part) => {
    const text = `{"string_value":"${"x".repeat(200_000)}${part}"}`;
    expect(problemOf(values, text).kind).toBe("malformed");
  });

  test("may be base64, also in lines", () => {
    const bytes = Buffer.alloc(300_000, "\u0000\u00ff\u00aa", "latin1");
    const text = bytes.toString("base64");
    for (const written of [text, text.replace(/.{76}/g, "$&\n"), bytes.toString("base64url")]) {
      const message = reader.readNow(values, JSON.stringify({ bytes_value: written }));
      expect(Buffer.from((message as Message & { bytesValue: Uint8Array }).bytesValue)).toEqual(
        bytes,
      );
    }
  });

  test.each(["AAAA\u0141", "AA\nA\u0141", "AAA\u0001A\n", "A=AA", "AAAAA", "A*\nAA"])(
    "%j is no base64",
    (text) => {
      expect(problemOf(values, JSON.stringify({ bytes_value: text })).path).toBe("bytes_value");
    },
  );

  test("as the name of a member is refused", () => {
    const named = (chars: number) => `{"struct_value":{"${"x".repeat(chars)}":1}}`;
    expect(() => reader.readNow(values, named(65_536))).not.toThrow();
    expect(problemOf(values, named(65_537)).kind).toBe("limit");
  });

  test("as a number is refused", () => {
    for (const digits of ["1".repeat(1_001), `1.${"1".repeat(1_000)}`, `1e${"1".repeat(1_000)}`]) {
      expect(problemOf(values, `{"double_value":${digits}}`).kind).toBe("limit");
    }
    const most = `1.${"1".repeat(998)}`;
    expect(read(values, `{"double_value":${most}}`)).toEqual({ double_value: Number(most) });
  });
});

describe("one field of a message", () => {
  function setIn(name: string, text: string, by = reader) {
    const message = create(values);
    const field = values.fields.find((one) => one.name === name);
    if (field === undefined) throw new Error(name);
    const paths: string[] = [];
    const pause = by.readField({ message, field, text, paths });
    const json = () => toJson(values, message, { registry, useProtoFieldName: true });
    return { pause, json, paths };
  }

  const written = (json: object, ...paths: readonly string[]) => ({ json, paths });

  test.each<readonly [string, string, string, ReturnType<typeof written>]>([
    ["is set", "string_value", '"a"', written({ string_value: "a" })],
    ["of a oneof is set", "choice_text", '"a"', written({ choice_text: "a" })],
    ["stays as it is for a null", "string_value", "null", written({})],
    ["of a oneof stays as it is for a null", "choice_text", "null", written({})],
    ["that is a map names nothing within it", "labels", '{"a":1}', written({ labels: { a: "1" } })],
    [
      "that is a message names what is within it, but for what is within lists, maps and empty messages",
      "nested",
      '{"stringValue":"a","nested":{"bool_value":true,"nested":{ }},"timestamp_list":[],"nestedMap":{"k":{"string_value":"b"}}}',
      written(
        {
          nested: {
            string_value: "a",
            nested: { bool_value: true, nested: {} },
            nested_map: { k: { string_value: "b" } },
          },
        },
        ...["string_value", "nested.bool_value", "nested.nested", "timestamp_list", "nested_map"],
      ),
    ],
  ])("%s", (_name, name, text, { json, paths }) => {
    const read = setIn(name, text);
    expect([read.pause, read.json(), read.paths]).toEqual([undefined, json, paths]);
  });

  test("stays as it is for a name that is passed over", () => {
    expect(setIn("enum_value", '"NEW"', lenient).json()).toEqual({});
  });

  test("is named by what does not fit in it", () => {
    expect(() => setIn("string_value", "1")).toThrow("string_value: expected text");
    expect(() => setIn("string_list", '["a",1]')).toThrow("string_list[1]: expected text");
  });

  test("is set when all of a long text has been read", async () => {
    const items = Array.from({ length: 90_000 }, () => "é");
    const read = setIn("value", JSON.stringify(items));
    await read.pause;
    expect(read.json()).toEqual({ value: items });
  });
});

describe("reading", () => {
  test("is done at once for what is short", () => {
    const message = reader.read(ChatRequestSchema, '{"message":"hi"}');
    expect(message).toEqual(create(ChatRequestSchema, { message: "hi" }));
  });

  test("lets others go first again and again when it is long", async () => {
    const items = Array.from({ length: 99_000 }, (_, index) => ({ [`k${index % 7}`]: null }));
    const text = JSON.stringify({ value: items.slice(0, 49_000), string_value: "é".repeat(5e6) });
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const message = await reader.read(values, text);
    isDone = true;
    expect(message).toMatchObject({ stringValue: "é".repeat(5e6) });
    expect(turns).toBeGreaterThan(2);
  });

  test("fails by rejecting when it has begun by then", async () => {
    const text = `{"value":[${'{"a":[1]},'.repeat(20_000)}x`;
    await expect(async () => await reader.read(values, text)).rejects.toThrow(
      /^value\[20000\]|position/,
    );
  });
});
