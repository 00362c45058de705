/** The validator on the gateway's own messages: it finds what the library finds, by itself. */

import { clearField, clone, type DescMessage, type Message } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CoreService } from "#gen/polyagent/core/v1/core_pb.js";
import {
  ChatMessageSchema,
  ImagePartSchema,
  ToolDefinitionSchema,
} from "#gen/polygate/v1/chat_pb.js";
import { TensorSchema } from "#gen/polygate/v1/predict_pb.js";
import { publicServices } from "#public-services.ts";
import { messageOf } from "../support/arbitrary-message.ts";
import { faultsOf, inOrder, validated, verdictOf } from "../support/validated.ts";

/** Enough of them good for some field that whole messages are valid now and then. */
const words = [
  ...["user", "user", "FP32", "FP32", "image/png", "image/png", "increment", "increment"],
  ...["principal", "principal"],
  ...["a", "not a name", ""],
];

const methods = [...publicServices, CoreService].flatMap((service) => service.methods);
const types: ReadonlySet<DescMessage> = new Set([
  ...methods.map(({ input }) => input),
  ...[ChatMessageSchema, TensorSchema, ImagePartSchema, ToolDefinitionSchema],
]);

/** A message without the fields that are at fault: many fields are hardly ever all valid by chance. */
function mended(type: DescMessage, message: Message): Message {
  const copy = clone(type, message);
  for (const fault of faultsOf(type, message)) {
    const field = type.fields.find(({ name }) => name === /^\w+/.exec(fault)?.[0]);
    if (field !== undefined) clearField(copy, field);
  }
  return copy;
}

describe("each type that a client sends", () => {
  for (const type of types) {
    test(type.typeName, () => {
      const quick = validated(type);
      let valid = 0;
      fc.assert(
        fc.property(messageOf(type, words, 2), (damaged) => {
          for (const message of [damaged, mended(type, damaged)]) {
            const isValid = verdictOf(type, message) === "valid";
            expect(quick.says(message)).toBe(isValid);
            expect(inOrder(quick.faults(message))).toEqual(faultsOf(type, message));
            expect(quick.asked).toEqual([]);
            valid += Number(isValid);
          }
        }),
        { numRuns: 300 },
      );
      expect(valid).toBeGreaterThan(0);
    });
  }
});
