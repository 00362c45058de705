import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { readTogether } from "#dialects/event-batch.ts";
import { ChatEventSchema } from "#gen/polygate/v1/conversation_pb.js";

const event = (value: string) => create(ChatEventSchema, { event: { case: "textDelta", value } });

test("the events of all parts are one batch, and there is none without events", () => {
  const [a, b, c] = [event("a"), event("b"), event("c")];
  expect([...readTogether([[a], [], [b, c]], (part) => part)]).toEqual([[a, b, c]]);
  expect([...readTogether([[], []], (part) => part)]).toEqual([]);
});

test("events before a failure come before it", () => {
  const failure = new Error("malformed");
  const batches = readTogether([event("a"), undefined, event("c")], (part) => {
    if (part === undefined) throw failure;
    return [part];
  });
  expect(batches.next().value).toEqual([event("a")]);
  expect(() => batches.next()).toThrow(failure);
});
