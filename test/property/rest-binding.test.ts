/** A message that was printed as query parameters is bound back to itself. */

import { create, fromJson, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { HttpRuleSchema } from "#gen/google/api/http_pb.js";
import { FieldIndex } from "#rest/field-path.ts";
import { FieldWriter } from "#rest/field-writer.ts";
import { ParameterBinder } from "#rest/parameters.ts";
import { compileRoutes } from "#rest/route.ts";
import { printQuery } from "../support/query-printer.ts";
import { testProtos, testService } from "../support/test-protos.ts";

const service = testService(testProtos(), "vectors.VectorService");
const method = service.methods.find(({ name }) => name === "BindParameterValues");
if (method === undefined) throw new Error("no method");
const desc = method.input;
const index = new FieldIndex();
const [route] = compileRoutes(fromJson(HttpRuleSchema, { get: "/" }), method, index);
if (route === undefined) throw new Error("no route");

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const double = fc
  .double()
  .map((value) => (Number.isFinite(value) && !Object.is(value, -0) ? value : String(value + 0)));
const float = fc
  .float()
  .map((value) => (Number.isFinite(value) && !Object.is(value, -0) ? value : String(value + 0)));
const bytes = fc
  .uint8Array({ maxLength: 12 })
  .map((value) => Buffer.from(value).toString("base64"));
const enumValue = fc.constantFrom("ENUM_UNSPECIFIED", "ENUM_VALUE", 77, -1);
const time = fc
  .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
  .map((value) => value.toISOString().replace(/^[+-]00/, ""));
const duration = fc
  .integer({ min: -315_576_000_000, max: 315_576_000_000 })
  .map((value) => `${value}s`);
const mask = fc
  .array(fc.stringMatching(/^[a-z]{1,5}([A-Z][a-z]{1,3})?$/), { minLength: 1, maxLength: 3 })
  .map((paths) => paths.join(","));
const jsonValue = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)));
const key = fc.string({ unit: "grapheme", maxLength: 6 });

const leaves: Record<string, fc.Arbitrary<unknown>> = {
  doubleValue: double,
  floatValue: float,
  int32Value: int32,
  int64Value: int64,
  uint32Value: uint32,
  uint64Value: uint64,
  sint32Value: int32,
  sint64Value: int64,
  fixed32Value: uint32,
  fixed64Value: uint64,
  sfixed32Value: int32,
  sfixed64Value: int64,
  boolValue: fc.boolean(),
  stringValue: text,
  bytesValue: bytes,
  timestamp: time,
  duration,
  boolValueWrapper: fc.boolean(),
  int32ValueWrapper: int32,
  int64ValueWrapper: int64,
  uint32ValueWrapper: uint32,
  uint64ValueWrapper: uint64,
  floatValueWrapper: float,
  doubleValueWrapper: double,
  bytesValueWrapper: bytes,
  stringValueWrapper: text,
  fieldMask: mask,
  enumValue,
  enumList: fc.array(enumValue, { maxLength: 3 }),
  doubleList: fc.array(double, { maxLength: 3 }),
  stringList: fc.array(text, { maxLength: 3 }),
  timestampList: fc.array(time, { maxLength: 3 }),
  labels: fc.dictionary(key, int64, { maxKeys: 3 }),
  enums: fc.dictionary(int32.map(String), enumValue, { maxKeys: 3 }),
  durations: fc.dictionary(fc.constantFrom("true", "false"), duration),
  structValue: fc.dictionary(key, jsonValue, { maxKeys: 3 }),
  value: jsonValue,
  listValue: fc.array(jsonValue, { maxLength: 3 }),
  optionalNumber: int32,
  textNumber: int64,
};

const { message } = fc.letrec<{ message: JsonObject }>((tie) => ({
  message: fc.record(
    {
      ...leaves,
      nested: fc.option(tie("message"), { maxDepth: 2, nil: undefined }),
      choiceText: fc.constant(undefined),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<JsonObject>,
}));

const choice = fc.constantFrom<JsonObject>(
  {},
  { choiceText: "a" },
  { choiceNumber: 0 },
  {
    choiceNested: { boolValue: true },
  },
);

test("what the printer writes is bound to an equal message", () => {
  fc.assert(
    fc.property(message, choice, (fields, chosen) => {
      const json = JSON.parse(JSON.stringify({ ...fields, ...chosen })) as JsonValue;
      const wanted = fromJson(desc, json);
      const writer = new FieldWriter(create(desc), desc);
      const query = printQuery(desc, wanted);
      new ParameterBinder(index, []).query(route, query, writer);
      // A message without fields leaves no trace in a query, so empty ones are left out here too.
      expect(withoutEmpty(toJson(desc, writer.message))).toEqual(
        withoutEmpty(toJson(desc, wanted)),
      );
    }),
    { numRuns: 500 },
  );
});

test("whatever is asked for, binding ends with a message or a fault that names the parameter", () => {
  const name = fc.oneof(
    text,
    fc.constantFrom(
      ...desc.fields.flatMap((field) => [field.name, field.jsonName, `${field.name}.x`]),
    ),
    fc.constantFrom("__proto__", "constructor", "nested.__proto__", "labels[__proto__]", "labels["),
  );
  const pairs = fc.array(fc.tuple(name, text), { maxLength: 6 });
  fc.assert(
    fc.property(pairs, (given) => {
      const query = given
        .map(([one, other]) => `${encodeURIComponent(one)}=${encodeURIComponent(other)}`)
        .join("&");
      const writer = new FieldWriter(create(desc), desc);
      try {
        new ParameterBinder(index, []).query(route, query, writer);
      } catch (error) {
        expect(error).toMatchObject({
          name: "ConnectError",
          rawMessage: expect.stringMatching(/: /),
        });
      }
      expect(Object.getPrototypeOf({})).not.toHaveProperty("polluted");
      expect(Object.getPrototypeOf(writer.message)).toBe(Object.getPrototypeOf(create(desc)));
    }),
    { numRuns: 1000 },
  );
});

function withoutEmpty(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const { nested, ...rest } = value;
  const inner = nested === undefined ? undefined : withoutEmpty(nested);
  const isEmpty = typeof inner === "object" && inner !== null && Object.keys(inner).length === 0;
  return inner === undefined || isEmpty ? rest : { ...rest, nested: inner };
}
