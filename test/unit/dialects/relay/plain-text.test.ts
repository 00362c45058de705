/** An event that only goes on with a text is told from one that says more, whatever stands in the text. */

import { describe, expect, test } from "vitest";
import type { ServerDialect } from "#dialects/dialect.ts";
import { isPlainText } from "#dialects/relay/plain-text.ts";

const isPlain = (dialect: ServerDialect, event: string) => isPlainText(dialect, Buffer.from(event));

const chunk = (choice: object, more: object = {}) =>
  `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: { content: "a" }, ...choice }], ...more })}\n\n`;

describe("chat completions", () => {
  test.each([
    ["a delta", chunk({})],
    ["one with members that are null", chunk({ finish_reason: null }, { usage: null })],
    ["one that speaks of members", chunk({ delta: { content: '"usage":{} "error" [DONE]' } })],
    ["one of other letters", chunk({ delta: { content: "ä😀" } })],
  ])("%s is plain", (_, event) => {
    expect(isPlain("openai-chat", event)).toBe(true);
  });

  test.each([
    ["the end", "data: [DONE]\n\n"],
    ["a reason to stop", chunk({ finish_reason: "stop" })],
    [
      "a reason to stop with spaces",
      chunk({}).replace('"index":0,', '"index":0, "finish_reason": "stop",'),
    ],
    [
      "a reason to stop with odd spaces",
      chunk({}).replace('"index":0,', '"index":0,"finish_reason" :"stop",'),
    ],
    ["usage", chunk({}, { usage: { total_tokens: 1 } })],
    ["a call", chunk({ delta: { tool_calls: [] } })],
    ["an error", chunk({}, { error: { message: "no" } })],
    ["another choice", chunk({ index: 1 })],
    ["no choice", 'data: {"choices":[]}\n\n'],
    ["a comment", ": hi\n\n"],
    ["a name", `event: error\n${chunk({})}`],
    ["a second line", `${chunk({}).slice(0, -1)}data: {"usage":1}\n\n`],
    ["half an object", `${chunk({}).slice(0, 30)}\n\n`],
    ["other ends of lines", chunk({}).replaceAll("\n", "\r\n")],
  ])("%s is not", (_, event) => {
    expect(isPlain("openai-chat", event)).toBe(false);
  });
});

const block = (delta: object) =>
  `event: content_block_delta\ndata: ${JSON.stringify({ type: "content_block_delta", index: 0, delta })}\n\n`;

test("Messages: a delta of text is plain; of arguments, thoughts or any other event it is not", () => {
  expect(isPlain("anthropic", block({ type: "text_delta", text: "a" }))).toBe(true);
  expect(isPlain("anthropic", block({ type: "input_json_delta", partial_json: "{" }))).toBe(false);
  expect(isPlain("anthropic", block({ type: "signature_delta", signature: "s" }))).toBe(false);
  const stop = 'event: message_delta\ndata: {"type":"text_delta","usage":{"output_tokens":1}}\n\n';
  expect(isPlain("anthropic", stop)).toBe(false);
});

test("Responses: a delta of text is plain; any other event is not", () => {
  const event = (name: string) => `event: ${name}\ndata: {"type":"${name}","delta":"a"}\n\n`;
  expect(isPlain("openai-responses", event("response.output_text.delta"))).toBe(true);
  expect(isPlain("openai-responses", event("response.output_text.done"))).toBe(false);
  expect(isPlain("openai-responses", event("response.completed"))).toBe(false);
});

test("Gemini: every event may tell of usage", () => {
  expect(isPlain("gemini", 'data: {"candidates":[]}\n\n')).toBe(false);
});
