/** The short form of a response says what its parts say. */

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { partOf, stopOf, textPart, toolCallPart } from "#chat/parts.ts";
import { fillParts, fillShortForm, stopOfWord, stopsOf, toolCallsOf } from "#chat/short-form.ts";
import { ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { Stop_Kind as Kind, type Part } from "#gen/polygate/v1/conversation_pb.js";

const resultOf = (callId: string, ...parts: Part[]) =>
  partOf({ case: "toolResult", value: { callId, parts } });
const shortFormOf = (...parts: Part[]) => {
  const response = create(ChatResponseSchema, { parts, stop: stopOf(Kind.END, "end") });
  fillShortForm(response);
  return response;
};

test("a call has the words of its own result, and none has those of another", () => {
  const calls = toolCallsOf([
    toolCallPart({ id: "a", name: "f", arguments: "{}" }),
    toolCallPart({ id: "b", name: "g", arguments: "[]" }),
    textPart("between"),
    resultOf("b", textPart("four"), textPart("five")),
    resultOf("nobody's", textPart("six")),
  ]);
  expect(calls).toMatchObject([
    { id: "a", name: "f", argumentsJson: "{}", result: "" },
    { id: "b", name: "g", argumentsJson: "[]", result: "four\nfive" },
  ]);
});

test("its text is the words of all parts, or those of a refusal where there are none", () => {
  const refusal = partOf({ case: "refusal", value: { text: "I may not" } });
  expect(shortFormOf(textPart("Hel"), textPart("lo"), refusal).response).toBe("Hello");
  expect(shortFormOf(refusal).response).toBe("I may not");
  const called = shortFormOf(toolCallPart({ id: "a", name: "f", arguments: "{}" }));
  expect([called.response, called.toolsCalled]).toEqual(["", ["f"]]);
});

test.each<[Kind, string]>([
  [Kind.UNSPECIFIED, "stop"],
  [Kind.END, "stop"],
  [Kind.SEQUENCE, "stop"],
  [Kind.LENGTH, "length"],
  [Kind.CONTEXT_WINDOW, "length"],
  [Kind.TOOL_CALLS, "tool_calls"],
  [Kind.PAUSE, "length"],
  [Kind.REFUSAL, "content_filter"],
])("a stop of kind %i is told as %s", (kind, word) => {
  const response = create(ChatResponseSchema, { stop: stopOf(kind, "raw") });
  fillShortForm(response);
  expect(response.finishReason).toBe(word);
});

test("a response without parts keeps its short form, and gets the parts of it", () => {
  const response = create(ChatResponseSchema, {
    response: "Hello",
    toolCalls: [{ id: "a", name: "f", argumentsJson: "{}" }],
    finishReason: "length",
  });
  fillShortForm(response);
  expect(response).toMatchObject({ response: "Hello", finishReason: "length" });
  fillParts(response);
  expect(response.parts).toEqual([
    toolCallPart({ id: "a", name: "f", arguments: "{}" }),
    textPart("Hello"),
  ]);
  expect(response.stop).toEqual(stopOf(Kind.LENGTH, "length"));
});

test("a response that has parts is not given others, nor is one that has an end", () => {
  const full = create(ChatResponseSchema, { response: "short", parts: [textPart("long")] });
  fillParts(full);
  expect([full.parts, full.stop]).toEqual([[textPart("long")], undefined]);
  const ended = create(ChatResponseSchema, { response: "short", stop: stopOfWord("stop") });
  fillParts(ended);
  expect(ended.parts).toEqual([]);
});

test("each alternative has its own stop, or the word of the response where it has none", () => {
  const response = create(ChatResponseSchema, {
    finishReason: "length",
    alternatives: [{ stop: stopOf(Kind.REFUSAL, "no") }],
  });
  expect(stopsOf(response)).toEqual([stopOf(Kind.LENGTH, "length"), stopOf(Kind.REFUSAL, "no")]);
});
