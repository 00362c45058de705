/** What texts each kind of field takes. */

import { type DescField, toJson } from "@bufbuild/protobuf";
import { isReflectMessage } from "@bufbuild/protobuf/reflect";
import { expect, test } from "vitest";
import { expectationOfField, valueFrom } from "#rest/field-text.ts";
import { testProtos } from "../../support/test-protos.ts";

const desc = testProtos().getMessage("vectors.ParameterValues");

function field(name: string): DescField {
  const found = desc?.fields.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

/** The value as JSON where it is a message, base64 where it is bytes. */
function read(name: string, text: string): unknown {
  const value = valueFrom(field(name), text);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return isReflectMessage(value) ? toJson(value.desc, value.message) : value;
}

test.for([
  ["int32_value", "-2147483648", -2147483648],
  ["int32_value", "0007", 7],
  ["uint32_value", "4294967295", 4294967295],
  ["int64_value", "-9223372036854775808", -9223372036854775808n],
  ["uint64_value", "18446744073709551615", 18446744073709551615n],
  ["double_value", "-1.5e-7", -1.5e-7],
  ["double_value", ".5", 0.5],
  ["double_value", "NaN", Number.NaN],
  ["double_value", "-Infinity", Number.NEGATIVE_INFINITY],
  ["float_value", "3.4e38", 3.4e38],
  ["bool_value", "true", true],
  ["string_value", "", ""],
  ["string_value", "null", "null"],
  ["bytes_value", "-_8", "+/8="],
  ["bytes_value", "+/8=", "+/8="],
  ["enum_value", "ENUM_VALUE", 1],
  ["enum_value", "1", 1],
  ["enum_value", "77", 77],
  ["int32_value_wrapper", "5", 5],
  ["string_value_wrapper", "a", "a"],
  ["timestamp", "2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z"],
  ["duration", "-1.000000001s", "-1.000000001s"],
  ["field_mask", "a.b_c,dE", "a.bC,dE"],
  ["field_mask", "", ""],
  ["field_mask", "*", "*"],
  ["uint32_value_wrapper", "4294967295", 4294967295],
  ["fixed32_value", "4294967295", 4294967295],
  ["duration", "315576000000s", "315576000000s"],
  ["struct_value", '{"a":[1,null]}', { a: [1, null] }],
  ["value", '"x"', "x"],
  ["list_value", "[1]", [1]],
] as const)("%s takes %j", ([name, text, value]) => {
  expect(read(name, text)).toEqual(value);
});

test.for([
  ["int32_value", "2147483648"],
  ["int32_value", "0x10"],
  ["int32_value", "1e3"],
  ["int32_value", "1.0"],
  ["int32_value", " 1"],
  ["int32_value", "+1"],
  ["int32_value", ""],
  ["uint32_value", "-1"],
  ["int64_value", "9223372036854775808"],
  ["uint64_value", "9".repeat(5000)],
  ["double_value", "1e400"],
  ["double_value", "nan"],
  ["double_value", "0x1"],
  ["double_value", "1_000"],
  ["float_value", "3.5e38"],
  ["bool_value", "1"],
  ["bool_value", "TRUE"],
  ["bytes_value", "a"],
  ["bytes_value", "a b="],
  ["enum_value", "enum_value"],
  ["enum_value", "2147483648"],
  ["int32_value_wrapper", "x"],
  ["timestamp", "yesterday"],
  ["timestamp", "2026-01-31"],
  ["timestamp", "2023-02-31T00:00:00Z"],
  ["timestamp", "2023-02-29T12:00:00Z"],
  ["timestamp", "2023-01-01T24:00:00Z"],
  ["timestamp", "2023-01-01T00:00:60Z"],
  ["timestamp_list", "2023-02-31T00:00:00Z"],
  ["durations", "1.0000000001s"],
  ["uint32_value", "4294967296"],
  ["uint32_value_wrapper", "4294967296"],
  ["fixed32_value", "4294967296"],
  ["duration", "315576000001s"],
  ["duration", "5"],
  ["duration", "1.0000000001s"],
  ["duration", "1sx"],
  ["field_mask", "a,,b"],
  ["field_mask", "1"],
  ["field_mask", "__proto__"],
  ["struct_value", "[]"],
  ["struct_value", '{"a":1,"a":2}'],
  ["value", "x"],
  ["value", "1e400"],
  ["value", `${"[".repeat(200)}${"]".repeat(200)}`],
  ["nested", "{}"],
] as const)("%s does not take %j", ([name, text]) => {
  expect(read(name, text)).toBeUndefined();
});

test("JSON in a text is bounded", () => {
  const list = (length: number) => `[${"1,".repeat((length - 3) / 2)}1]`;
  expect(read("list_value", list(65_535))).toHaveLength(32_767);
  expect(read("list_value", `${list(65_535)}  `)).toBeUndefined();
  expect(expectationOfField(field("list_value"))).toBe(
    "a JSON array of at most 65536 characters and 100 levels",
  );
});

test("every kind but a message of fields has words for what it takes", () => {
  const silent = desc?.fields.filter((each) => expectationOfField(each) === undefined);
  expect(silent?.map(({ name }) => name)).toEqual(["nested", "nested_map", "choice_nested"]);
  expect(expectationOfField(field("enum_value"))).toBe("one of ENUM_UNSPECIFIED, ENUM_VALUE");
});
