/** What cores are asked over HTTP, and what is refused because it could not be. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { writeRequest } from "#backends/http-core/request-writer.ts";
import { normalized } from "#chat/normalize.ts";
import { infoMetadataOf, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { ResponseFormat_Kind as FormatKind } from "#gen/polygate/v1/conversation_pb.js";

type Request = MessageInitShape<typeof ChatRequestSchema>;

const written = (request: Request, task: "chat" | "query" = "chat", model = "") =>
  writeRequest(normalized(create(ChatRequestSchema, request)), { task, model });

function faultOf(request: Request) {
  try {
    written(request);
  } catch (thrown) {
    const error = faultFrom(thrown);
    return [reasonOf(error), infoMetadataOf(error).param];
  }
  return expect.unreachable("it should have been refused");
}

describe("a chat", () => {
  test("holds what was said and nothing that was not", () => {
    expect(written({ message: "hello" })).toEqual({ body: { message: "hello" }, dropped: [] });
  });

  test("holds session, background, wishes and bounds", () => {
    const request: Request = {
      message: "hello",
      context: "the user is new",
      sessionId: "s-1",
      useTools: true,
      modelPreference: "claude",
      maxTokens: 1000,
      temperature: 0.7,
    };
    expect(written(request).body).toEqual({
      message: "hello",
      context: "the user is new",
      session_id: "s-1",
      conversation_id: "s-1",
      use_tools: true,
      model_preference: "claude",
      options: { max_tokens: 1000, temperature: 0.7 },
    });
  });

  test("names the model that its route chose, before the one that the client wished for", () => {
    const { body } = written({ message: "x", modelPreference: "fast" }, "chat", "small");
    expect(body).toMatchObject({ model_preference: "small" });
  });

  test("tells the conversation so far as its background, a line each", () => {
    const { body } = written({
      context: "the user is new",
      messages: [
        { role: "system", content: "be brief" },
        { role: "user", content: "hello" },
        { role: "assistant", parts: [{ content: { case: "text", value: { text: "hi" } } }] },
        { role: "user", content: "and now?" },
      ],
    });
    expect(body).toEqual({
      message: "and now?",
      context: "the user is new\nsystem: be brief\nuser: hello\nassistant: hi",
    });
  });

  test("leaves tuning out, and names it", () => {
    const { dropped } = written({
      message: "x",
      sampling: { topP: 0.5, topK: 3, seed: 1 },
      reasoning: {},
      providerOptions: { user: "u" },
    });
    expect(dropped.toSorted()).toEqual(["reasoning", "seed", "top_k", "top_p", "user"]);
  });
});

test("a question holds its words, session and bounds alone", () => {
  const request: Request = {
    message: "What is the capital of France?",
    sessionId: "s-1",
    useTools: true,
    maxTokens: 1000,
    temperature: 0.7,
  };
  expect(written(request, "query").body).toEqual({
    query: "What is the capital of France?",
    session_id: "s-1",
    options: { max_tokens: 1000, temperature: 0.7 },
  });
});

const image = { data: new Uint8Array([1]), mediaType: "image/png" };
const call = { id: "1", name: "add", argumentsJson: "{}" };
test.each<[string, Request, string]>([
  ["several responses", { message: "x", choices: 2 }, "n"],
  ["tools of the caller", { message: "x", tools: [{ name: "add" }] }, "tools"],
  ["stop sequences", { message: "x", stop: ["."] }, "stop"],
  [
    "a schema",
    { message: "x", responseFormat: { kind: FormatKind.JSON_SCHEMA } },
    "response_format",
  ],
  ["probabilities", { message: "x", sampling: { logprobs: true } }, "logprobs"],
  ["kept state", { message: "x", providerOptions: { store: true } }, "store"],
  [
    "an image",
    { messages: [{ role: "user", content: "see", images: [image] }] },
    "messages[0].parts[1]",
  ],
  [
    "a call of a tool",
    { message: "x", messages: [{ role: "assistant", toolCalls: [call] }] },
    "messages[0].parts[0]",
  ],
  [
    "what a tool returned",
    { message: "x", messages: [{ role: "tool", toolCallId: "1", content: "2" }] },
    "messages[0].parts[0]",
  ],
  [
    "a last turn of the assistant",
    { messages: [{ role: "assistant", content: "once upon" }] },
    "messages",
  ],
])("%s cannot be told, and is refused by its place", (_name, request, param) => {
  expect(faultOf(request)).toEqual(["PARAMETER_UNSUPPORTED", param]);
});
