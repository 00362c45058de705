/** Messages as JSON text, beside what the library makes of them. */

import { create, createRegistry, type DescMessage, type Message, toJson } from "@bufbuild/protobuf";
import { AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { JsonWriter } from "#json/writer.ts";
import { messageTypes, randomMessage } from "../../support/random-message.ts";
import { testProtos } from "../../support/test-protos.ts";

const registry = testProtos();
const ways = [true, false].flatMap((useProtoFieldName) =>
  [true, false].flatMap((alwaysEmitImplicit) =>
    [true, false].map((enumAsInteger) => ({
      useProtoFieldName,
      alwaysEmitImplicit,
      enumAsInteger,
    })),
  ),
);

/** The text, or that there is none. */
function outcomeOf(write: () => string): string {
  try {
    return write();
  } catch {
    return "refused";
  }
}

test.each(ways)("any message is written as the library does: %o", (way) => {
  const rng = seededRng(11);
  const theirs = (desc: DescMessage, message: Message) =>
    JSON.stringify(toJson(desc, message, { ...way, registry }));
  const writer = new JsonWriter(way, theirs);
  let written = 0;
  for (const desc of messageTypes()) {
    for (let count = 0; count < 30; count += 1) {
      const message = randomMessage(desc, { rng, oddShare: count % 3 === 0 ? 0.02 : 0 }, 3);
      const expected = outcomeOf(() => theirs(desc, message));
      expect(
        outcomeOf(() => writer.write(desc, message)),
        desc.typeName,
      ).toBe(expected);
      if (expected !== "refused") written += 1;
    }
  }
  expect(written).toBeGreaterThan(1000);
});

test("an ordinary message is written here: neither a value of its own JSON nor an empty list sends it elsewhere", () => {
  const elsewhere: string[] = [];
  const otherWay = (desc: DescMessage, message: Message) => {
    elsewhere.push(desc.typeName);
    return JSON.stringify(toJson(desc, message, { registry: createRegistry(ChatResponseSchema) }));
  };
  const way = { useProtoFieldName: true, alwaysEmitImplicit: true, enumAsInteger: false };
  const writer = new JsonWriter(way, otherWay);
  const response = create(ChatResponseSchema, {
    response: "two \u2028 lines",
    usage: { totalTokens: 3 },
    toolCalls: [{ id: "1", name: "find" }],
  });
  const options = { useProtoFieldName: true, alwaysEmitImplicit: true };
  expect(writer.write(ChatResponseSchema, response)).toBe(
    JSON.stringify(toJson(ChatResponseSchema, response, options)),
  );
  expect(elsewhere).toEqual([]);
  writer.write(AnySchema, anyPack(ChatResponseSchema, response));
  expect(elsewhere).toEqual(["google.protobuf.Any"]);
});
