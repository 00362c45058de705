/** CEL expressions that only ask for the presence of fields, as predicates. */

import { type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import type { Predicate } from "./check.ts";

const pattern = /^has\(this\.(\w+)\) (\|\||&&|!=) has\(this\.(\w+)\)$/;

/** What such an expression allows, as in `has(this.a) || has(this.b)`; undefined for any other. */
export function presence(expression: string, type: DescMessage): Predicate<Message> | undefined {
  const [, first, operator, second] = pattern.exec(expression) ?? [];
  const left = type.fields.find(({ name }) => name === first);
  const right = type.fields.find(({ name }) => name === second);
  if (left === undefined || right === undefined) return undefined;
  switch (operator) {
    case "||":
      return (message) => isFieldSet(message, left) || isFieldSet(message, right);
    case "&&":
      return (message) => isFieldSet(message, left) && isFieldSet(message, right);
    default:
      return (message) => isFieldSet(message, left) !== isFieldSet(message, right);
  }
}
