/** Arguments as the object that most dialects want, whatever a model wrote, and the schema of tools that take any text. */

import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { argumentsObject, parametersOf } from "#dialects/tool-arguments.ts";
import { ToolDefinitionSchema } from "#gen/polygate/v1/chat_pb.js";
import { ToolCallPartSchema } from "#gen/polygate/v1/conversation_pb.js";

describe("arguments", () => {
  test.each([
    ['{"a":1}', { a: 1 }],
    ["", {}],
    [" \n", {}],
    ["[1]", { _raw: "[1]" }],
    ["7", { _raw: "7" }],
    ["null", { _raw: "null" }],
    ['{"a":', { _raw: '{"a":' }],
  ])("%j are an object", (args, object) => {
    expect(argumentsObject(create(ToolCallPartSchema, { arguments: args }))).toEqual(object);
  });

  test("of a tool that takes any text are that text", () => {
    const call = create(ToolCallPartSchema, { arguments: "{}", freeForm: true });
    expect(argumentsObject(call)).toEqual({ input: "{}" });
  });
});

test("a tool that takes any text takes it as its one input, one without a schema takes nothing", () => {
  expect(parametersOf(create(ToolDefinitionSchema, { freeForm: true }))).toMatchObject({
    properties: { input: { type: "string" } },
    required: ["input"],
  });
  expect(parametersOf(create(ToolDefinitionSchema))).toEqual({ type: "object", properties: {} });
  const parametersJson = '{"type":"object","required":["a"]}';
  const written = parametersOf(create(ToolDefinitionSchema, { parametersJson }));
  expect(written).toEqual(JSON.parse(parametersJson));
});
