import { create, toJson } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { normalized } from "#chat/normalize.ts";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";

const messagesOf = (request: Parameters<typeof create<typeof ChatRequestSchema>>[1]) =>
  toJson(ChatRequestSchema, normalized(create(ChatRequestSchema, request)));

describe("the short forms of a request", () => {
  it("become parts, and `message` the last turn", () => {
    const request = {
      message: "And now?",
      context: "kept",
      messages: [
        {
          role: "user",
          content: "Look",
          images: [{ data: new Uint8Array([1]), mediaType: "image/png" }],
        },
      ],
    };
    expect(messagesOf(request)).toEqual({
      context: "kept",
      messages: [
        {
          role: "user",
          parts: [{ text: { text: "Look" } }, { image: { data: "AQ==", mediaType: "image/png" } }],
        },
        { role: "user", parts: [{ text: { text: "And now?" } }] },
      ],
    });
  });

  it("keep calls beside their results, wherever those stood", () => {
    const call = { id: "c1", name: "f", argumentsJson: "{}" };
    const asked = {
      messages: [
        { role: "assistant", toolCalls: [{ ...call, result: "4" }] },
        { role: "tool", toolCallId: "c2", content: "5" },
      ],
    };
    expect(messagesOf(asked)).toEqual({
      messages: [
        { role: "assistant", parts: [{ toolCall: { id: "c1", name: "f", arguments: "{}" } }] },
        {
          role: "tool",
          parts: [{ toolResult: { callId: "c1", name: "f", parts: [{ text: { text: "4" } }] } }],
        },
        {
          role: "tool",
          parts: [{ toolResult: { callId: "c2", parts: [{ text: { text: "5" } }] } }],
        },
      ],
    });
  });

  it("keep the images that a tool returned", () => {
    const images = [{ data: new Uint8Array([1]), mediaType: "image/png" }];
    const asked = { messages: [{ role: "tool", toolCallId: "c", content: "5", images }] };
    const image = { image: { data: "AQ==", mediaType: "image/png" } };
    expect(messagesOf(asked)).toEqual({
      messages: [
        {
          role: "tool",
          parts: [{ toolResult: { callId: "c", parts: [{ text: { text: "5" } }, image] } }],
        },
      ],
    });
  });

  it("are left out of a turn that has parts, too", () => {
    const parts = [{ content: { case: "text", value: { text: "Hi" } } as const }];
    const twice = { role: "user", content: "something else", toolCallId: "c", parts };
    expect(messagesOf({ messages: [twice] })).toEqual({
      messages: [{ role: "user", parts: [{ text: { text: "Hi" } }] }],
    });
  });

  it("leave turns alone that have parts already", () => {
    const parts = [{ content: { case: "text", value: { text: "Hi" } } as const }];
    expect(messagesOf({ messages: [{ role: "user", parts }] })).toEqual({
      messages: [{ role: "user", parts: [{ text: { text: "Hi" } }] }],
    });
  });
});
