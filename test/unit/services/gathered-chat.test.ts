/** A stream that is gathered is bounded, alone and with all others, and leaves its events as they were. */

import { clone, create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { eventOf, events, textPart } from "#chat/parts.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { Relay } from "#dialects/relay/relay.ts";
import {
  ChatRequestSchema,
  type StreamChatResponse,
  StreamChatResponseSchema,
} from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";
import { GatheredChat } from "#services/gathered-chat.ts";

const piece = (...told: ChatEvent[]): StreamChatResponse =>
  create(StreamChatResponseSchema, { events: told });
const delta = (text: string) => eventOf({ case: "textDelta", value: text });
const start = () => eventOf({ case: "partStart", value: textPart("") });

function gathered(bytesMax: number, buffers = new ByteBudget(1 << 20), relay?: Relay) {
  return new GatheredChat({ bytesMax, buffers, relay });
}

test("the pieces make the response, and are themselves what they were", () => {
  using chat = gathered(10_000);
  const pieces = [
    piece(events.start({ id: "r", model: "m" })),
    piece(start()),
    piece(delta("a")),
    piece(delta("b")),
  ];
  const before = pieces.map((one) => clone(StreamChatResponseSchema, one));
  expect(pieces.map((one) => chat.add(one))).toEqual([true, true, true, true]);
  expect(chat.response).toMatchObject({
    id: "r",
    modelUsed: "m",
    parts: [{ content: { value: { text: "ab" } } }],
  });
  expect(pieces).toEqual(before);
});

test("pieces that say little count as well, and what is too much is let go of", () => {
  const buffers = new ByteBudget(1 << 20);
  using chat = gathered(3_000, buffers);
  let taken = 0;
  while (chat.add(piece(delta("x")))) taken += 1;
  expect(taken).toBeGreaterThan(5);
  expect(taken).toBeLessThan(12);
  expect(chat.isFull).toBe(true);
  expect(buffers.heldBytes).toBe(0);
});

test.each([
  ["a part", (place: number) => eventOf({ case: "partStart", value: textPart("") }, place), 10_000],
  ["a response", (place: number) => eventOf({ case: "textDelta", value: "x" }, 0, place), 128],
] as const)(
  "%s at a place that no response has is too much, however little it says",
  (_name, at, bound) => {
    using chat = gathered(100_000);
    expect(chat.add(piece(at(bound - 1)))).toBe(true);
    for (const place of [bound, 2_000_000_000, -1]) {
      using other = gathered(100_000);
      expect([other.add(piece(at(place))), other.isFull]).toEqual([false, true]);
      expect([other.response.parts, other.response.alternatives]).toEqual([[], []]);
    }
  },
);

test("a provider's words beside the events count", () => {
  const relay = new Relay({
    dialect: "openai-chat",
    body: Buffer.alloc(0),
    headers: {},
    query: "",
    hidesUsage: false,
  });
  const event = delta("x");
  relay.said(event, { bytes: new Uint8Array(5_000) });
  using chat = gathered(3_000, undefined, relay);
  expect(chat.add(piece(event))).toBe(false);
});

test("all streams together hold no more than there is memory for, and give it back", () => {
  const buffers = new ByteBudget(3_000);
  const one = gathered(10_000, buffers);
  while (one.add(piece(delta("x".repeat(100)))))
    expect(buffers.heldBytes).toBeLessThanOrEqual(3_000);
  const two = gathered(10_000, buffers);
  expect(two.add(piece(delta("x")))).toBe(true);
  two[Symbol.dispose]();
  one[Symbol.dispose]();
  expect(buffers.heldBytes).toBe(0);
});

test("who goes on holding the response and its request gives the bytes back, where there is room for them", () => {
  const buffers = new ByteBudget(3_000);
  const chat = gathered(10_000, buffers);
  chat.add(piece(delta("x")));
  const { heldBytes } = buffers;
  const request = (characters: number) =>
    create(ChatRequestSchema, { message: "x".repeat(characters) });
  expect(chat.handOver(request(5_000))).toBeUndefined();
  expect(buffers.heldBytes).toBe(heldBytes);
  const held = chat.handOver(request(1_000));
  chat[Symbol.dispose]();
  expect(buffers.heldBytes).toBeGreaterThan(heldBytes + 1_000);
  held?.[Symbol.dispose]();
  expect(buffers.heldBytes).toBe(0);
});
