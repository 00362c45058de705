/** Plans of JSON that no message describes: objects with members of their own, lists, texts and integers. */

import type { FieldLimit } from "#protobuf/field-limits.ts";
import { type Leaf, textLeaf, unset } from "./leaf.ts";
import { ListFrame } from "./list-frame.ts";
import { type FieldPlan, MessageFrame, type TypePlan } from "./message-frame.ts";
import { onlyPlan, type ValuePlan } from "./run.ts";

function memberPlan(name: string, index: number, value: ValuePlan): FieldPlan {
  const none = { oneof: undefined, extension: undefined };
  return { name, localName: name, index, ...none, value, isPlainMessage: false };
}

/** An object of these members, each of which may be missing or null; others are refused by name. */
export function recordPlan(members: Readonly<Record<string, ValuePlan>>): ValuePlan {
  const fields = Object.entries(members).map(([name, value], index): [string, FieldPlan] => [
    name,
    memberPlan(name, index, value),
  ]);
  const type: TypePlan = {
    create: () => ({}),
    fields: new Map(fields),
    extension: () => undefined,
  };
  return onlyPlan("a JSON object", {
    object: (run, parent) => new MessageFrame(run, parent, type),
  });
}

/** A list of such values, as many as `limit` allows. */
export function listPlan(item: ValuePlan, limit?: FieldLimit): ValuePlan {
  const plan = { item: () => item, limit, finish: (items: unknown[]) => items };
  return onlyPlan("a JSON list", { list: (run, parent) => new ListFrame(run, parent, plan) });
}

/** A text. */
export const textPlan: ValuePlan = onlyPlan("a text", {
  leaf: textLeaf("a text", (text) => text),
});

const integerLeaf: Leaf = {
  expected: "an integer",
  isNumber: true,
  text: () => undefined,
  number: (value) => (Number.isSafeInteger(value) ? value : undefined),
  literal: (value) => (value === null ? unset : undefined),
};

/** A whole number that a double holds exactly. */
export const integerPlan: ValuePlan = onlyPlan(integerLeaf.expected, { leaf: integerLeaf });
