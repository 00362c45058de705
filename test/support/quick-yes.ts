/** A quick yes for one type, and the messages that it has asked the library about. */

import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { createValidator, type Validator } from "@bufbuild/protovalidate";
import { expect } from "vitest";
import { QuickYes } from "#validation/quick-yes.ts";

const library = createValidator();

/** What the library itself says of a message. */
export function verdictOf(type: DescMessage, message: Message): "valid" | "invalid" | "error" {
  return library.validate(type, message).kind;
}

/** `asked` counts from its first answer on, for which the library has to compile its rules. */
export function quickYes(type: DescMessage, own = library) {
  const asked: Message[] = [];
  const validator: Validator = {
    validate(schema, message) {
      asked.push(message);
      return own.validate(schema, message);
    },
  };
  const quick = new QuickYes(validator);
  quick.isValid(type, create(type));
  asked.length = 0;
  return { says: (message: Message) => quick.isValid(type, message), asked };
}

/** Holds the quick yes and the library to the same word of each message, without the one asking the other. */
export function expectSame(
  type: DescMessage,
  messages: readonly Readonly<Record<string, unknown>>[],
): boolean[] {
  const quick = quickYes(type);
  const verdicts = messages.map((init) => {
    const message = create(type, init);
    const isValid = verdictOf(type, message) === "valid";
    expect(quick.says(message), `${type.typeName} ${String(Object.values(init))}`).toBe(isValid);
    return isValid;
  });
  expect(quick.asked).toEqual([]);
  return verdicts;
}
