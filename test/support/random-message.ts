/** Messages of any type with anything in their fields, and outcomes that can be compared. */

import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import type { Rng } from "#core/rng.ts";
import { Decoders } from "#protobuf/decoder.ts";
import { testProtos } from "./test-protos.ts";
import { readByTheBook } from "./wire-reference.ts";

/** How messages are made up. */
export interface RandomMessages {
  readonly rng: Rng;
  /** Share of values that are not of their field's type. */
  readonly oddShare: number;
}

/** One of the values. */
export function pick<T>(rng: Rng, values: readonly T[]): T {
  return values[Math.floor(rng.next() * values.length)] as T;
}

const texts = [
  "",
  "a",
  "naïve",
  "\ufeffmark",
  "𝄞 clef",
  "\ud800",
  "x\udc00y",
  "__proto__",
  "ü".repeat(40),
];
const int32s = [0, 1, -1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, -(2 ** 31)];
const uint32s = [0, 1, 127, 128, 2 ** 21, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1];
const int64s = [0n, 1n, -1n, 127n, 1n << 31n, 1n << 32n, (1n << 63n) - 1n, -(1n << 63n), 1n << 56n];
const uint64s = [0n, 1n, 128n, (1n << 35n) - 1n, 1n << 63n, (1n << 64n) - 1n];
const floats = [
  0,
  -0,
  1.5,
  -3.25,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  3.4028234663852886e38,
  0.1,
];
const odd = [
  undefined,
  null,
  "7",
  "text",
  1.5,
  -1,
  2 ** 40,
  1e300,
  5n,
  -5n,
  1n << 70n,
  true,
  [],
  {},
  [1],
  Number.NaN,
];

function text(rng: Rng): string {
  if (rng.next() < 0.5) return pick(rng, texts);
  const length = Math.floor(rng.next() * pick(rng, [3, 15, 17, 18, 40, 130, 300]));
  const unit = pick(rng, ["z", "z", "ß", "語"]);
  return "y".repeat(length) + (rng.next() < 0.5 ? unit : "");
}

function scalar(rng: Rng, type: ScalarType): unknown {
  switch (type) {
    case ScalarType.STRING:
      return text(rng);
    case ScalarType.BYTES:
      return Uint8Array.from({ length: Math.floor(rng.next() * 20) }, (_, index) => index * 13);
    case ScalarType.BOOL:
      return rng.next() < 0.5;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return pick(rng, floats);
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return pick(rng, int32s);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return pick(rng, uint32s);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return pick(rng, uint64s);
    default:
      return pick(rng, int64s);
  }
}

function json(rng: Rng, depth: number): unknown {
  const leaf = [null, true, 1.5, "text", -0];
  if (depth === 0 || rng.next() < 0.5) return pick(rng, leaf);
  return rng.next() < 0.5 ? [json(rng, depth - 1)] : { key: json(rng, depth - 1), __proto__: null };
}

function child(
  field: DescField & { message: DescMessage },
  options: RandomMessages,
  depth: number,
) {
  const { message, parent } = field;
  const { rng, oddShare } = options;
  if (rng.next() < oddShare) return pick(rng, [...odd, create(message), { $typeName: "x.Y" }]);
  if (
    message.typeName === "google.protobuf.Struct" &&
    parent.typeName !== "google.protobuf.Value"
  ) {
    return { one: json(rng, 2), two: json(rng, 2) };
  }
  const [wrapped] = message.fields;
  const isUnwrapped = field.fieldKind === "message" && field.oneof === undefined;
  if (isWrapperDesc(message) && isUnwrapped && wrapped?.scalar !== undefined) {
    return scalar(rng, wrapped.scalar);
  }
  return randomMessage(message, options, depth - 1);
}

function single(field: DescField, options: RandomMessages, depth: number): unknown {
  const { rng, oddShare } = options;
  if (field.message !== undefined) return child(field, options, depth);
  if (rng.next() < oddShare) return pick(rng, odd);
  if (field.enum !== undefined) {
    const known = field.enum.values.map(({ number }) => number);
    return pick(rng, field.enum.open ? [...known, 99] : known);
  }
  const value = scalar(rng, field.scalar ?? ScalarType.STRING);
  const isText = "longAsString" in field && field.longAsString;
  return isText || (typeof value === "bigint" && rng.next() < 0.2) ? String(value) : value;
}

function value(field: DescField, options: RandomMessages, depth: number): unknown {
  const { rng, oddShare } = options;
  const count = Math.floor(rng.next() * 4);
  if (field.fieldKind === "list") {
    if (rng.next() < oddShare) return pick(rng, odd);
    return Array.from({ length: count }, () => single(field, options, depth));
  }
  if (field.fieldKind === "map") {
    if (rng.next() < oddShare) return pick(rng, odd);
    const key = () => (rng.next() < oddShare ? text(rng) : String(scalar(rng, field.mapKey)));
    const entries = Array.from({ length: count }, () => [key(), single(field, options, depth)]);
    return Object.fromEntries(entries);
  }
  return single(field, options, depth);
}

/** A message in which each field is set or not; with unknown fields, at times. */
export function randomMessage(desc: DescMessage, options: RandomMessages, depth = 3): Message {
  const { rng } = options;
  const message = create(desc);
  const properties = message as unknown as Record<string, unknown>;
  const setShare = depth > 0 ? pick(rng, [0.1, 0.3, 0.8]) : 0.2;
  for (const field of desc.fields) {
    if (depth <= 0 && field.message !== undefined) continue;
    if (rng.next() > setShare) continue;
    const chosen = value(field, options, depth);
    if (field.oneof === undefined) properties[field.localName] = chosen;
    else properties[field.oneof.localName] = { case: field.localName, value: chosen };
  }
  if (rng.next() < 0.1) {
    const data = Uint8Array.of(3, 97, 98, 99);
    message.$unknown = [
      { no: 300, wireType: 0, data: Uint8Array.of(5) },
      { no: 2 ** 29 - 2, wireType: 2, data },
    ];
  }
  return message;
}

/** What a call returned, or the text of what it threw: equal when two ways are equal. */
export function outcomeOf<T>(work: () => T): { value: T } | { error: string } {
  try {
    return { value: work() };
  } catch (thrown) {
    return { error: String(thrown) };
  }
}

/** The types of the test protos that have fields: every kind of field among them. */
export function messageTypes(): DescMessage[] {
  const files = new Set(["fields", "legacy", "vectors", "google/protobuf/struct"]);
  const types: DescMessage[] = [];
  const add = (desc: DescMessage) => {
    types.push(desc);
    desc.nestedMessages.forEach(add);
  };
  for (const file of testProtos().files) if (files.has(file.name)) file.messages.forEach(add);
  return types;
}

/** A copy with up to four bytes changed, put in or taken out. */
export function damaged(bytes: Uint8Array, rng: Rng): Uint8Array {
  const copy = [...bytes];
  for (let left = 1 + Math.floor(rng.next() * 4); left > 0; left -= 1) {
    const at = Math.floor(rng.next() * copy.length);
    const byte =
      rng.next() < 0.5 ? Math.floor(rng.next() * 256) : pick(rng, [0, 1, 0x7f, 0x80, 0xff]);
    copy.splice(at, pick(rng, [0, 1, 1, 2]), ...pick(rng, [[], [byte], [byte], [byte, 0]]));
  }
  return Uint8Array.from(copy);
}

/** The properties of a message in order, but for unknown fields, which the library adds last. */
function entriesOf(message: object): [string, unknown][] {
  const entries = Object.entries(message);
  return [
    ...entries.filter(([name]) => name !== "$unknown"),
    ...entries.filter(([name]) => name === "$unknown"),
  ];
}

/** Whether two values are one but for identity: prototypes and order of properties included. */
function isAlike(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return Object.is(one, other);
  }
  const entries = entriesOf(one);
  const others = entriesOf(other);
  return (
    Object.getPrototypeOf(one) === Object.getPrototypeOf(other) &&
    entries.length === others.length &&
    entries.every(([name, value], index) => {
      const [otherName, otherValue] = others[index] ?? [];
      return name === otherName && isAlike(value, otherValue);
    })
  );
}

const skipping = new Decoders();
const keeping = new Decoders({ keepsUnknown: true });

/** Whether the decoder reads bytes as the specification says, or refuses those that it does not allow. */
export function isReadByTheBook(desc: DescMessage, bytes: Uint8Array): boolean {
  const ours = outcomeOf(() => skipping.of(desc)(bytes));
  const theirs = outcomeOf(() => readByTheBook(desc, bytes));
  if ("error" in theirs) return "error" in ours;
  return "value" in ours && isAlike(ours.value, theirs.value);
}

/** Whether the decoder that keeps unknown fields reads bytes as the library does. */
export function isReadAlike(desc: DescMessage, bytes: Uint8Array): boolean {
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  return isAlike(
    outcomeOf(() => keeping.of(desc)(bytes)),
    outcomeOf(() => fromBinary(desc, plain)),
  );
}

/** The fields of a message as a handler may name them: some not at all, messages within by their fields. */
export function randomInit(value: unknown, rng: Rng): unknown {
  if (Array.isArray(value)) return value.map((item) => randomInit(item, rng));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const isKept = "$typeName" in value && rng.next() < 0.3;
  if (isKept) return value;
  const named = Object.entries(value).filter(([name]) => name !== "$typeName" && rng.next() < 0.8);
  return Object.fromEntries(
    named.map(([name, inner]) => [name, rng.next() < 0.05 ? undefined : randomInit(inner, rng)]),
  );
}
