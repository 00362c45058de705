/** A response that was declined is a failure as long as nobody has been given any of it. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { ChatEventSchema, Stop_Kind as Kind } from "#gen/polygate/v1/conversation_pb.js";
import { unlessDeclined, untilDeclined } from "#services/declined.ts";

type EventInit = NonNullable<MessageInitShape<typeof ChatEventSchema>["event"]>;

const start: EventInit = { case: "start", value: { id: "r", model: "m" } };
const text: EventInit = { case: "textDelta", value: "a" };
const usage: EventInit = { case: "usage", value: { totalTokens: 3 } };
const stop = (kind: Kind): EventInit => ({ case: "stop", value: { kind } });

/** What comes out of a stream, by the case of each event, and the reason of its failure. */
async function seen(...events: EventInit[]): Promise<(string | undefined)[]> {
  const cases: (string | undefined)[] = [];
  async function* source() {
    for (const event of events) yield [create(ChatEventSchema, { event })];
  }
  try {
    for await (const batch of untilDeclined(source())) {
      cases.push(...batch.map(({ event }) => event.case));
    }
  } catch (thrown) {
    cases.push(reasonOf(faultFrom(thrown)));
  }
  return cases;
}

test("a stream that ends without content, declined, fails; with content it is passed on", async () => {
  const refusal = stop(Kind.REFUSAL);
  expect(await seen(start, refusal, usage)).toEqual(["CONTENT_POLICY_REFUSED"]);
  expect(await seen(start, text, refusal)).toEqual(["start", "textDelta", "stop"]);
  expect(await seen(start, stop(Kind.END), usage)).toEqual(["start", "stop", "usage"]);
  expect(await seen(start, usage)).toEqual(["start", "usage"]);
});

test("of several alternatives one may have been declined alone", async () => {
  const refusal = stop(Kind.REFUSAL);
  expect(await seen(start, refusal, text, stop(Kind.END))).toEqual([
    ...["start", "stop", "textDelta", "stop"],
  ]);
  expect(await seen(start, refusal, refusal)).toEqual(["CONTENT_POLICY_REFUSED"]);
});

test("no more than 64 events are held: then they count as content", async () => {
  const refusal = stop(Kind.REFUSAL);
  const usages = (count: number) => Array.from({ length: count }, () => usage);
  expect(await seen(...usages(63), refusal)).toHaveLength(64);
  expect(await seen(...usages(62), refusal)).toEqual(["CONTENT_POLICY_REFUSED"]);
});

test("a whole response fails when each of its alternatives was declined", async () => {
  const whole = (...kinds: Kind[]) => {
    const [first, ...others] = kinds.map((kind) => ({ stop: { kind } }));
    return unlessDeclined(
      Promise.resolve(create(ChatResponseSchema, { ...first, alternatives: others })),
    ).then(
      () => "OK",
      (thrown: unknown) => reasonOf(faultFrom(thrown)),
    );
  };
  expect(await whole(Kind.REFUSAL)).toBe("CONTENT_POLICY_REFUSED");
  expect(await whole(Kind.REFUSAL, Kind.END)).toBe("OK");
  const short = create(ChatResponseSchema, { finishReason: "content_filter" });
  await expect(unlessDeclined(Promise.resolve(short))).rejects.toThrow("declined");
});
