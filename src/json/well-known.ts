/** Messages whose JSON is not an object of their fields, as protobuf's JSON mapping has them. */

import { create, type DescMessage } from "@bufbuild/protobuf";
import {
  DurationSchema,
  FieldMaskSchema,
  isWrapperDesc,
  NullValue,
  TimestampSchema,
} from "@bufbuild/protobuf/wkt";
import { type Leaf, mapped, scalarFieldLeaf, textLeaf } from "./leaf.ts";
import { ListFrame } from "./list-frame.ts";
import { MapFrame } from "./map-frame.ts";
import { maskExpectation, maskPathsFrom } from "./mask.ts";
import { type Open, onlyPlan, type ValuePlan } from "./run.ts";
import { durationFrom, timestampFrom } from "./time.ts";

/** How JSON that no schema describes is held. */
interface FreeForm {
  readonly leaf: Leaf;
  readonly object: (members: Record<string, unknown>) => unknown;
  readonly list: (items: unknown[]) => unknown;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function freeObject(value: () => ValuePlan, finish: FreeForm["object"]): Open {
  const plan = {
    key: (name: string) => name,
    keyExpected: "text",
    value,
    finish,
  };
  return (run, parent) => new MapFrame(run, parent, plan);
}

function freeList(item: () => ValuePlan, finish: FreeForm["list"]): Open {
  const plan = { item, limit: undefined, finish };
  return (run, parent) => new ListFrame(run, parent, plan);
}

function freePlan({ leaf, object, list }: FreeForm): ValuePlan {
  const plan: ValuePlan = {
    expected: leaf.expected,
    leaf,
    object: freeObject(() => plan, object),
    list: freeList(() => plan, list),
  };
  return plan;
}

const anyJson = "a JSON value, its numbers within the range of a double";

/** JSON as it is. */
const plainValue = freePlan({
  leaf: {
    expected: anyJson,
    isNumber: false,
    text: (text) => text,
    number: finite,
    literal: (value) => value,
  },
  object: (members) => members,
  list: (items) => items,
});

function valueWith(kind: string, value: unknown) {
  return { $typeName: "google.protobuf.Value", kind: { case: kind, value } };
}

function structOf(fields: Record<string, unknown>) {
  return { $typeName: "google.protobuf.Struct", fields };
}

function listOf(values: unknown[]) {
  return { $typeName: "google.protobuf.ListValue", values };
}

/** JSON as a google.protobuf.Value. */
const messageValue = freePlan({
  leaf: {
    expected: anyJson,
    isNumber: false,
    text: (text) => valueWith("stringValue", text),
    number: (value) => (Number.isFinite(value) ? valueWith("numberValue", value) : undefined),
    literal: (value) =>
      value === null ? valueWith("nullValue", NullValue.NULL_VALUE) : valueWith("boolValue", value),
  },
  object: (members) => valueWith("structValue", structOf(members)),
  list: (items) => valueWith("listValue", listOf(items)),
});

function textPlan(expected: string, text: (text: string) => unknown): ValuePlan {
  return onlyPlan(expected, { leaf: textLeaf(expected, text) });
}

/** Words for what the JSON of some types is, also where it is a text of a query. */
export const expectations: Readonly<Record<string, string>> = {
  "google.protobuf.Timestamp": "an RFC 3339 time such as 2026-01-31T12:00:00Z",
  "google.protobuf.Duration": "seconds such as 1.5s",
  "google.protobuf.FieldMask": maskExpectation,
  "google.protobuf.Struct": "a JSON object",
  "google.protobuf.Value": "a JSON value",
  "google.protobuf.ListValue": "a JSON array",
  "google.protobuf.Any": 'a JSON object with an "@type" that is known here',
};

/** Structs that a field holds as plain JSON. */
export const plainStruct: ValuePlan = onlyPlan("a JSON object", {
  object: freeObject(
    () => plainValue,
    (members) => members,
  ),
});

const plans: Readonly<Record<string, ValuePlan>> = {
  "google.protobuf.Timestamp": textPlan(expectations["google.protobuf.Timestamp"] ?? "", (text) => {
    const time = timestampFrom(text);
    return time && create(TimestampSchema, time);
  }),
  "google.protobuf.Duration": textPlan(expectations["google.protobuf.Duration"] ?? "", (text) => {
    const time = durationFrom(text);
    return time && create(DurationSchema, time);
  }),
  "google.protobuf.FieldMask": textPlan(maskExpectation, (text) => {
    const paths = maskPathsFrom(text);
    return paths && create(FieldMaskSchema, { paths });
  }),
  "google.protobuf.Struct": onlyPlan("a JSON object", {
    object: freeObject(() => messageValue, structOf),
  }),
  "google.protobuf.ListValue": onlyPlan("a JSON array", {
    list: freeList(() => messageValue, listOf),
  }),
  "google.protobuf.Value": messageValue,
};

/** The plan of a wrapper, held as its message, or as the bare value where a field has it so. */
export function wrapperPlan(desc: DescMessage, isBare: boolean): ValuePlan | undefined {
  const [field] = desc.fields;
  if (!isWrapperDesc(desc) || field?.scalar === undefined) return undefined;
  const leaf = scalarFieldLeaf(field);
  const held = (value: unknown) => ({ $typeName: desc.typeName, value });
  return onlyPlan(leaf.expected, { leaf: isBare ? leaf : mapped(leaf, held) });
}

/** The plan of a type with a JSON of its own; undefined for any other. */
export function wellKnownPlan(desc: DescMessage): ValuePlan | undefined {
  return plans[desc.typeName] ?? wrapperPlan(desc, false);
}
