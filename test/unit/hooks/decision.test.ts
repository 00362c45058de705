/** What hooks return becomes a decision, or a problem that names what is wrong. */

import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { normalized } from "#chat/normalize.ts";
import { textOf, textPart } from "#chat/parts.ts";
import { ChatRequestSchema, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { Stop_Kind } from "#gen/polygate/v1/conversation_pb.js";
import { DecisionReader, HookProblem, requestDecision, responseDecision } from "#hooks/decision.ts";

const reader = new DecisionReader();
const asked = normalized(create(ChatRequestSchema, { message: "Hi", withParts: true }));
const given = create(ChatResponseSchema, {
  id: "r1",
  modelUsed: "m",
  cost: 2,
  parts: [textPart("Hello")],
  usage: { totalTokens: 8 },
  stop: { kind: Stop_Kind.LENGTH, raw: "length" },
});

const ofRequest = (returned: unknown) => requestDecision(reader.ofModule(returned), asked);
const ofResponse = (returned: unknown) => responseDecision(reader.ofModule(returned), given);

/** The response of a decision to replace. */
function replaced(response: object) {
  const decision = ofResponse({ action: "replace", response });
  if (decision.action !== "replace") throw new Error(decision.action);
  return decision.message;
}

describe("decisions", () => {
  test("to allow, and to deny with and without words", () => {
    expect(ofRequest({ action: "allow" })).toEqual({ action: "allow" });
    expect(ofRequest({ action: "deny" })).toEqual({ action: "deny", message: "", reason: "" });
    expect(ofResponse({ action: "deny", message: "no", reason: "pii" })).toEqual({
      action: "deny",
      message: "no",
      reason: "pii",
    });
  });

  test("a request is replaced by messages and by plain objects alike, down to their parts", () => {
    for (const message of [
      { role: "user", content: "plain" },
      { role: "user", parts: [textPart("plain")] },
      { role: "user", parts: [{ content: { case: "text", value: { text: "plain" } } }] },
    ]) {
      const decision = ofRequest({
        action: "replace",
        request: { ...asked, message: "", messages: [message] },
      });
      const [turn] = decision.action === "replace" ? decision.message.messages : [];
      expect(turn?.$typeName).toBe("polygate.v1.ChatMessage");
      expect(turn?.content).toBe("");
      expect(turn?.parts.map(textOf)).toEqual(["plain"]);
    }
  });

  test("the form of the response stays the client's choice", () => {
    const decision = ofRequest({ action: "replace", request: { message: "x", stream: true } });
    const messages = [{ role: "user", parts: [textPart("x")] }];
    expect(decision).toMatchObject({ message: { messages, stream: false, withParts: true } });
  });

  test("what a module keeps of its decision is not what is used", () => {
    const messages = [{ role: "user", content: "first" }];
    const decision = ofRequest({ action: "replace", request: { messages } });
    messages[0] = { role: "user", content: "second" };
    expect(decision).toMatchObject({ message: { messages: [{ parts: [textPart("first")] }] } });
  });

  test("a response in its short form becomes one of parts, with what it does not say of itself", () => {
    expect(replaced({ response: "No." })).toMatchObject({
      id: "r1",
      modelUsed: "m",
      cost: 2,
      response: "No.",
      finishReason: "stop",
      usage: { totalTokens: 8 },
      parts: [{ content: { case: "text", value: { text: "No." } } }],
      stop: { kind: Stop_Kind.END },
    });
    expect(replaced({ toolCalls: [{ id: "c", name: "look", argumentsJson: "{}" }] })).toMatchObject(
      {
        finishReason: "tool_calls",
        toolsCalled: ["look"],
        stop: { kind: Stop_Kind.TOOL_CALLS },
      },
    );
    expect(replaced({ response: "No.", finishReason: "content_filter" })).toMatchObject({
      stop: { kind: Stop_Kind.REFUSAL },
    });
  });

  test("a response in parts brings its short form, and its own id, model, usage and stop", () => {
    const own = {
      id: "r2",
      modelUsed: "n",
      usage: { totalTokens: 1 },
      parts: [textPart("a"), textPart("b")],
      stop: { kind: Stop_Kind.LENGTH, raw: "length" },
    };
    expect(replaced(own)).toMatchObject({
      ...own,
      response: "ab",
      finishReason: "length",
      cost: 2,
    });
  });

  test("a shown response with other words in its short form keeps its end", () => {
    const { stop } = given;
    expect(replaced({ response: "x", stop })).toMatchObject({
      response: "x",
      stop: { kind: Stop_Kind.LENGTH },
    });
  });
});

describe("what is no decision", () => {
  const circle: Record<string, unknown> = { action: "deny" };
  circle.request = circle;
  const problems: readonly [what: string, returned: unknown, told: RegExp][] = [
    ["nothing", undefined, /expected \{ action/],
    ["a word", "allow", /expected \{ action/],
    ["a list", ["allow"], /action/],
    ["another action", { action: "ALLOW" }, /^action: /],
    ["words that are too long", { action: "deny", message: "x".repeat(1025) }, /^message: /],
    ["a reason that is no word", { action: "deny", reason: "two words" }, /^reason: /],
    ["a circle", circle, /deeper than 100 levels/],
    ["no request", { action: "replace" }, /^request: is missing/],
    ["a request that asks nothing", { action: "replace", request: {} }, /^request: /],
    [
      "a role that there is not",
      { action: "replace", request: { messages: [{ role: "x" }] } },
      /^request\.messages\[0\]\.role: /,
    ],
    [
      "a part that is nothing",
      { action: "replace", request: { messages: [{ role: "user", parts: [{}] }] } },
      /parts\[0\]\.content: /,
    ],
    [
      "a turn in two forms",
      {
        action: "replace",
        request: { messages: [{ role: "user", content: "a", parts: [textPart("b")] }] },
      },
      /^request\.messages\[0\]: has parts and a short form/,
    ],
    [
      "a turn in two forms, one of which is its images",
      {
        action: "replace",
        request: {
          messages: [
            {
              role: "user",
              images: [{ data: Uint8Array.of(1), mediaType: "image/png" }],
              parts: [textPart("b")],
            },
          ],
        },
      },
      /^request\.messages\[0\]: has parts and a short form/,
    ],
    [
      "a turn in two forms, one of which is its calls",
      {
        action: "replace",
        request: {
          messages: [
            { role: "user", content: "a" },
            {
              role: "assistant",
              toolCalls: [{ id: "c", name: "look", argumentsJson: "{}" }],
              parts: [textPart("b")],
            },
          ],
        },
      },
      /^request\.messages\[1\]: has parts and a short form/,
    ],
    [
      "a field of another type",
      { action: "replace", request: { messages: "x" } },
      /wrong type|request/,
    ],
  ];
  test.each(problems)("before: %s", (_, returned, told) => {
    expect(() => ofRequest(returned)).toThrow(HookProblem);
    expect(() => ofRequest(returned)).toThrow(told);
  });

  test("after: no response, or one in two forms, of which a hook may have changed one", () => {
    expect(() => ofResponse({ action: "replace", request: { message: "x" } })).toThrow(
      /^response: is missing/,
    );
    const both = { ...given, response: "[redacted]" };
    expect(() => ofResponse({ action: "replace", response: both })).toThrow(
      /^response: has parts and a short form/,
    );
  });
});
