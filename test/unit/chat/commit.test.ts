/** Events before the first content are held back, so that a failure among them can still be mended elsewhere. */

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { heldUntilContent } from "#chat/commit.ts";
import { type ChatEvent, ChatEventSchema } from "#gen/polygate/v1/conversation_pb.js";

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
