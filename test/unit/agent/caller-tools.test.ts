/** A caller's tool is asked for when the message names it. */

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { callerToolCalls } from "#agent/caller-tools.ts";
import { ToolDefinitionSchema } from "#gen/polyagent/core/v1/core_pb.js";

const tools = ["get_weather", "send", "mail.send", "re-send"].map((name) =>
  create(ToolDefinitionSchema, { name }),
);

const rows = [
  ["a name alone has no arguments", "call get_weather now", [["get_weather", "{}"]]],
  [
    "an object behind the name is its arguments",
    'get_weather {"city": "Os}lo", "at": {"x": "\\""}} thanks',
    [["get_weather", '{"city":"Os}lo","at":{"x":"\\""}}']],
  ],
  ["broken JSON counts as no arguments", "get_weather {city", [["get_weather", "{}"]]],
  ["a name within a word is none", "resend it, get_weathers", []],
  ["a name may have dots and hyphens", "mail.send.", [["mail.send", "{}"]]],
  ["the part of a longer name is another tool", "re-send {}", [["re-send", "{}"]]],
  ["the object behind the first place counts", 'send or send {"a":1}', [["send", "{}"]]],
  ["what stands far behind starts no tool", `${" ".repeat(4096)}send`, []],
  ["a later whole word counts", "resend, then send", [["send", "{}"]]],
  [
    "tools come in the order of their definitions",
    "send the get_weather",
    [
      ["get_weather", "{}"],
      ["send", "{}"],
    ],
  ],
] as const;
test.each(rows)("%s", (_, text, calls) => {
  expect(callerToolCalls(text, tools)).toMatchObject(
    calls.map(([name, argumentsJson], index) => ({
      id: `call_${index + 1}`,
      name,
      argumentsJson,
      result: "",
    })),
  );
});

const hostile = [
  ["strings that never end", `send {"${'\\"'.repeat(1e6)}`],
  ["objects that never end", "send {".repeat(1e6)],
  ["one endless word", "a".repeat(1e7)],
] as const;
test.each(hostile)("%s cost no more than their beginning", (_, text) => {
  const many = Array.from({ length: 2000 }, (_, at) =>
    create(ToolDefinitionSchema, { name: at === 0 ? "send" : "a" }),
  );
  expect(callerToolCalls(text, many).every(({ argumentsJson }) => argumentsJson === "{}")).toBe(
    true,
  );
});

test("a tool that is defined twice is asked for once", () => {
  expect(callerToolCalls("send", [...tools, ...tools])).toHaveLength(1);
});
