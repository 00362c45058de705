import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ChatEventSchema } from "#gen/polygate/v1/conversation_pb.js";
import { PieceWriter } from "#services/chat-pieces.ts";

type EventInit = NonNullable<MessageInitShape<typeof ChatEventSchema>["event"]>;

const eventOf = (event: EventInit, choice = 0) => create(ChatEventSchema, { event, choice });
const text = (value: string, choice = 0) => eventOf({ case: "textDelta", value }, choice);
const call = (id: string) =>
  eventOf({
    case: "partStart",
    value: { content: { case: "toolCall", value: { id, name: `tool ${id}`, arguments: "{" } } },
  });
const argument = (value: string) => eventOf({ case: "argumentsDelta", value });
const partStop = eventOf({ case: "partStop", value: {} });

test("the texts of events that came together are one piece's", () => {
  expect(new PieceWriter(false).write([text("a"), text("b")])).toEqual([{ delta: "ab" }]);
});

test("a piece's calls come before its text: what came before a call is a piece of its own", () => {
  const events = [text("a"), call("1"), argument("}"), partStop, call("2"), partStop, text("b")];
  const writer = new PieceWriter(true);
  const pieces = writer.write(events);
  expect(pieces.map(({ delta, toolCalls }) => [delta, toolCalls?.map(({ id }) => id)])).toEqual([
    ["a", undefined],
    ["b", ["1", "2"]],
  ]);
  expect(pieces[1]?.toolCalls?.map(({ argumentsJson }) => argumentsJson)).toEqual(["{}", "{"]);
  expect(pieces.flatMap((piece) => piece.events ?? [])).toEqual(events);
});

test("events without a short form make a piece only where events are asked for", () => {
  const usage = eventOf({ case: "usage", value: { totalTokens: 3 } });
  expect(new PieceWriter(false).write([usage, text("other", 1)])).toEqual([]);
  const pieces = new PieceWriter(true).write([usage, text("other", 1)]);
  expect(pieces).toEqual([{ events: [usage, text("other", 1)] }]);
});

test("however events come together, texts, calls and events are the same", () => {
  const events = [
    ...[text("a"), call("1"), argument("}"), partStop, text("b"), text("c")],
    ...[call("2"), partStop, eventOf({ case: "stop", value: {} })],
  ];
  const gathered = (size: number) => {
    const writer = new PieceWriter(true);
    const pieces = [];
    for (let at = 0; at < events.length; at += size) {
      pieces.push(...writer.write(events.slice(at, at + size)));
    }
    return {
      text: pieces.map(({ delta }) => delta ?? "").join(""),
      calls: pieces.flatMap(({ toolCalls }) => toolCalls ?? []),
      events: pieces.flatMap((piece) => piece.events ?? []),
      stops: writer.stops.length,
    };
  };
  const single = gathered(1);
  expect(single.text).toBe("abc");
  for (let size = 2; size <= events.length; size += 1) expect(gathered(size)).toEqual(single);
});
