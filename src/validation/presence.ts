/** CEL expressions that only ask for the presence of fields, as predicates. */

import { type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import type { Predicate } from "./check.ts";

const pattern = /^has\(this\.(\w+)\) (\|\||&&|!=) has\(this\.(\w+)\)$/;
const oneOfPattern =
  /^\[(has\(this\.\w+\)(?:, has\(this\.\w+\))*)\]\.filter\((\w+), \2\)\.size\(\) == 1$/;

/** What is allowed where exactly one of some fields has to be set; undefined for other expressions. */
function oneOf(expression: string, type: DescMessage): Predicate<Message> | undefined {
  const [, list] = oneOfPattern.exec(expression) ?? [];
  if (list === undefined) return undefined;
  const names = [...list.matchAll(/this\.(\w+)/g)].map(([, name]) => name);
  const fields = type.fields.filter(({ name }) => names.includes(name));
  if (fields.length < names.length) return undefined;
  return (message) => fields.filter((field) => isFieldSet(message, field)).length === 1;
}

/**
 * What such an expression allows, as in `has(this.a) || has(this.b)`, or where exactly one of some
 * fields has to be set: `[has(this.a), has(this.b)].filter(set, set).size() == 1`. Undefined for any other.
 */
export function presence(expression: string, type: DescMessage): Predicate<Message> | undefined {
  const [, first, operator, second] = pattern.exec(expression) ?? [];
  const left = type.fields.find(({ name }) => name === first);
  const right = type.fields.find(({ name }) => name === second);
  if (left === undefined || right === undefined) return oneOf(expression, type);
  switch (operator) {
    case "||":
      return (message) => isFieldSet(message, left) || isFieldSet(message, right);
    case "&&":
      return (message) => isFieldSet(message, left) && isFieldSet(message, right);
    default:
      return (message) => isFieldSet(message, left) !== isFieldSet(message, right);
  }
}
