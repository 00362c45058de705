import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { creatorOf } from "#protobuf/creator.ts";
import { messageTypes } from "../../support/random-message.ts";

const made = creatorOf(ChatResponseSchema);

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
