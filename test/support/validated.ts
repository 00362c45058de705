/** A validator of one type, and the messages that it has asked the library about. */

import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator, type Validator } from "@bufbuild/protovalidate";
import { expect } from "vitest";
import { MessageValidator } from "#validation/message-validator.ts";

const library = createValidator();

/** What the library itself says of a message. */
export function verdictOf(type: DescMessage, message: Message): "valid" | "invalid" | "error" {
  return library.validate(type, message).kind;
}

/** Which of several faults is told first says nothing. */
export function inOrder(faults: readonly string[]): string[] {
  return faults.toSorted((one, other) => one.localeCompare(other));
}

/** What the library finds wrong with a message: the first fault of each value, in order of their paths. */
export function faultsOf(type: DescMessage, message: Message): string[] {
  const outcome = library.validate(type, message);
  const first = new Map<string, string>();
  for (const violation of outcome.violations ?? []) {
    const field = pathToString(violation.field);
    // Those of a whole message are several.
    const value = field === "" ? violation.message : field;
    if (!first.has(value)) first.set(value, `${field}: ${violation.message}`);
  }
  return inOrder([...first.values()]);
}

/** `asked` counts from its first answer on, for which the library has to compile its rules. */
export function validated(type: DescMessage, own = library) {
  const asked: Message[] = [];
  const counting: Validator = {
    validate(schema, message) {
      asked.push(message);
      return own.validate(schema, message);
    },
  };
  const validator = new MessageValidator(counting);
  try {
    validator.isValid(type, create(type));
  } catch {
    // Rules that do not compile.
  }
  asked.length = 0;
  return {
    says: (message: Message) => validator.isValid(type, message),
    faults: (message: Message, max = Number.POSITIVE_INFINITY) =>
      validator
        .violations(type, message, max)
        .map(({ field, description }) => `${field}: ${description}`),
    asked,
  };
}

/** Holds validator and library to the same words about each message, without the one asking the other. */
export function expectSame(
  type: DescMessage,
  messages: readonly Readonly<Record<string, unknown>>[],
): boolean[] {
  const ours = validated(type);
  const verdicts = messages.map((init) => {
    const message = create(type, init);
    const isValid = verdictOf(type, message) === "valid";
    const told = `${type.typeName} ${String(Object.values(init))}`;
    expect(ours.says(message), told).toBe(isValid);
    expect(inOrder(ours.faults(message)), told).toEqual(faultsOf(type, message));
    return isValid;
  });
  expect(ours.asked).toEqual([]);
  return verdicts;
}
