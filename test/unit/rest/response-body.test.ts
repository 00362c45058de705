/** The body of an answer that is one field of its message, set or not. */

import {
  create,
  type DescMethod,
  type DescMethodUnary,
  fromJson,
  type JsonValue,
} from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { HttpRuleSchema } from "#gen/google/api/http_pb.js";
import type { JsonOptions } from "#rest/json.ts";
import { createRest } from "#rest/rest.ts";
import { createCallPath } from "#rpc/call.ts";
import { serveRest } from "../../support/rest-server.ts";
import { testProtos, testService } from "../../support/test-protos.ts";

const service = testService(testProtos(), "vectors.VectorService");
const method = service.methods.find(({ name }) => name === "BindParameterValues") as DescMethod;

/** The body that is `field` of an answer which holds `json`. */
async function bodyOf(field: string, json: JsonValue, options: JsonOptions): Promise<unknown> {
  const calls = createCallPath((router) => {
    router.rpc(method as DescMethodUnary, () =>
      json === null ? create(method.output) : fromJson(method.output, json),
    );
  }, []);
  const rule = fromJson(HttpRuleSchema, {
    selector: "vectors.VectorService.BindParameterValues",
    get: "/v1/x",
    responseBody: field,
  });
  await using server = await serveRest(
    createRest(calls, { bodyBytesMax: 1, clock: systemClock, rules: [rule], json: options }),
  );
  const answer = await server.send({ target: "/v1/x" });
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 });
  return JSON.parse(answer.text);
}

const unset: readonly (readonly [string, JsonValue])[] = [
  ["double_value", 0],
  ["float_value", 0],
  ["int32_value", 0],
  ["int64_value", "0"],
  ["uint64_value", "0"],
  ["sint64_value", "0"],
  ["fixed32_value", 0],
  ["fixed64_value", "0"],
  ["sfixed64_value", "0"],
  ["bool_value", false],
  ["string_value", ""],
  ["bytes_value", ""],
  ["text_number", "0"],
  ["optional_number", 0],
  ["enum_value", "ENUM_UNSPECIFIED"],
  ["choice_text", ""],
  ["choice_number", 0],
  ["enum_list", []],
  ["timestamp_list", []],
  ["labels", {}],
  ["nested_map", {}],
  ["timestamp", null],
  ["duration", null],
  ["field_mask", null],
  ["bool_value_wrapper", null],
  ["int64_value_wrapper", null],
  ["bytes_value_wrapper", null],
  ["string_value_wrapper", null],
  ["value", null],
  ["struct_value", {}],
  ["list_value", []],
  ["nested", {}],
  ["choice_nested", {}],
];

describe.each([true, false])("with emit_defaults %s", (emitDefaults) => {
  test.each(unset)("%s that is not set is %j", async (field, value) => {
    expect(await bodyOf(field, null, { emitDefaults })).toEqual(value);
  });

  test("an enum that is not set is its number where those are shown", async () => {
    expect(await bodyOf("enum_value", null, { emitDefaults, enumsAsNumbers: true })).toBe(0);
  });

  test.each([
    ["int64_value", "7"],
    ["enum_value", "ENUM_VALUE"],
    ["timestamp", "2026-01-31T12:00:00Z"],
    ["string_value_wrapper", ""],
    ["value", [1]],
    ["labels", { a: "1" }],
  ] as const)("%s that is set is %j", async (field, value) => {
    expect(await bodyOf(field, { [field]: value } as JsonValue, { emitDefaults })).toEqual(value);
  });
});
