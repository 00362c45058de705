/** Events before the first content are held back, so that a failure among them can still be mended elsewhere. */

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { commits, heldUntilContent } from "#chat/commit.ts";
import {
  type EventContent,
  eventOf,
  events,
  partOf,
  stopOf,
  textPart,
  thinkingPart,
} from "#chat/parts.ts";
import { usageOf } from "#chat/usage.ts";
import {
  type ChatEvent,
  ChatEventSchema,
  PartSchema,
  Stop_Kind,
} from "#gen/polygate/v1/conversation_pb.js";

const start = () =>
  create(ChatEventSchema, { event: { case: "start", value: { id: "r", model: "m" } } });
const delta = (value: string) => create(ChatEventSchema, { event: { case: "textDelta", value } });

/** What comes out of a stream before it fails, by the case of each event. */
async function seen(...events: readonly (ChatEvent | Error)[]): Promise<(string | undefined)[]> {
  const cases: (string | undefined)[] = [];
  async function* source() {
    for (const event of events) {
      if (event instanceof Error) throw event;
      yield [event];
    }
  }
  try {
    for await (const batch of heldUntilContent(source())) {
      cases.push(...batch.map(({ event }) => event.case));
    }
  } catch (thrown) {
    cases.push(String(thrown));
  }
  return cases;
}

test("a failure before content comes alone, one after it comes behind all", async () => {
  expect(await seen(start(), new Error("early"))).toEqual(["Error: early"]);
  expect(await seen(start(), delta("a"), new Error("late"))).toEqual([
    "start",
    "textDelta",
    "Error: late",
  ]);
});

test("a stream without content is passed on when it ends", async () => {
  expect(await seen(start())).toEqual(["start"]);
});

test("no more than 64 events are held: then they count as content", async () => {
  const many = (count: number) => Array.from({ length: count }, start);
  expect(await seen(...many(63), new Error("x"))).toEqual(["Error: x"]);
  expect(await seen(...many(64), new Error("x"))).toHaveLength(65);
});

const begun = (part = create(PartSchema)) => eventOf({ case: "partStart", value: part });
const piece = (name: "textDelta" | "argumentsDelta" | "thinkingDelta" | "refusalDelta") =>
  eventOf({ case: name, value: "a" } satisfies EventContent);

test.each<[string, ChatEvent]>([
  ["a piece of text", piece("textDelta")],
  ["a piece of a call", piece("argumentsDelta")],
  ["a piece of a thought", piece("thinkingDelta")],
  ["a piece of a refusal", piece("refusalDelta")],
  ["a state", eventOf({ case: "state", value: {} })],
  ["a stop", events.stop(stopOf(Stop_Kind.END, "stop"))],
  ["a part of text that has words", begun(textPart("a"))],
  ["a part of thinking that has words", begun(thinkingPart("a"))],
  ["a call of a tool", begun(partOf({ case: "toolCall", value: { id: "c", name: "f" } }))],
])("%s is content", (_, event) => {
  expect(commits(event)).toBe(true);
});

test.each<[string, ChatEvent]>([
  ["a start", start()],
  ["a usage", events.usage(usageOf({ uncached: 1, written: 0 }))],
  ["a part of text without words", begun(textPart(""))],
  ["a part of thinking without words", begun(thinkingPart(""))],
  ["a part of nothing", begun()],
])("%s is none yet", (_, event) => {
  expect(commits(event)).toBe(false);
});
