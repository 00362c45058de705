import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { ChatEventSchema, PartSchema } from "#gen/polygate/v1/conversation_pb.js";
import { creatorOf } from "#protobuf/creator.ts";
import { messageTypes } from "../../support/random-message.ts";

const made = creatorOf(ChatResponseSchema);

/** What comes of `make`: a message, or the failure's kind. */
function outcomeOf(make: () => unknown): unknown {
  try {
    return make();
  } catch (thrown) {
    return thrown instanceof Error ? thrown.name : thrown;
  }
}

test("a message of the type stays what it is, a part of one too", () => {
  const message = create(ChatResponseSchema, { usage: { totalTokens: 1 } });
  expect(made(message)).toBe(message);
  expect(made({ usage: message.usage }).usage).toBe(message.usage);
});

test("fields that an object inherits or computes count as the library counts them", () => {
  class Answer {
    get response() {
      return "computed";
    }
  }
  const inherits = Object.create({ response: "inherited" });
  expect([made(new Answer()).response, made(inherits).response]).toEqual(["computed", "inherited"]);
});

test("lists of a message belong to it alone, whether it names them or not", () => {
  const toolsCalled = ["a"];
  const [one, other] = [made({ response: "1" }), made({ response: "2" })];
  one.toolCalls.push({ ...create(ChatResponseSchema).toolCalls[0] } as never);
  expect(other.toolCalls).toEqual([]);
  expect(made({ toolsCalled }).toolsCalled).toEqual(
    create(ChatResponseSchema, { toolsCalled }).toolsCalled,
  );
});

test("what names no property of a message is left out, a oneof's case by itself too", () => {
  const types = messageTypes().filter(({ oneofs }) => oneofs.length > 0);
  expect(types.length).toBeGreaterThan(0);
  for (const desc of types) {
    const names = [
      "nobody",
      ...desc.oneofs.flatMap(({ fields }) => fields.map((field) => field.localName)),
    ];
    for (const name of names) {
      expect(creatorOf(desc)({ [name]: 1 })).toStrictEqual(create(desc, { [name]: 1 }));
    }
  }
});

test("nothing at all makes an empty message", () => {
  expect(made(undefined)).toStrictEqual(create(ChatResponseSchema));
  expect(made(null as never)).toStrictEqual(create(ChatResponseSchema));
});

test("a oneof's case is made as the library makes it, whatever kind its field is", () => {
  const cases: unknown[] = [
    { case: "text", value: { text: "a" } },
    {
      case: "toolResult",
      value: { callId: "1", parts: [{ content: { case: "text", value: {} } }] },
    },
    { case: undefined },
    { case: "text", value: undefined },
    { case: "nobody", value: 1 },
    {},
  ];
  for (const content of cases) {
    const init = { content } as never;
    expect(creatorOf(PartSchema)(init)).toStrictEqual(create(PartSchema, init));
  }
  const state = { case: "state", value: { vendor: "v", data: "d" } } as const;
  const events = [{ case: "textDelta", value: "a" } as const, state];
  for (const event of events) {
    const init = { event, index: 1 };
    expect(creatorOf(ChatEventSchema)(init)).toStrictEqual(create(ChatEventSchema, init));
  }
});

test("every oneof of every type, with every field of it, is as the library makes it", () => {
  for (const desc of messageTypes()) {
    for (const { localName, fields } of desc.oneofs) {
      for (const field of fields) {
        for (const value of [0, "a", true, {}, new Uint8Array(1), 1n, null]) {
          const init = { [localName]: { case: field.localName, value } };
          const made = outcomeOf(() => creatorOf(desc)(init as never));
          expect(made).toStrictEqual(outcomeOf(() => create(desc, init as never)));
        }
      }
    }
  }
});
