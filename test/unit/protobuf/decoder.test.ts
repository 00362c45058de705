import { isDeepStrictEqual } from "node:util";
import {
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  fromBinary,
  getExtension,
  toBinary,
} from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { Decoders } from "#protobuf/decoder.ts";
import type { FieldLimits } from "#protobuf/field-limits.ts";
import { FieldLimitError, MalformedError, TooManyElementsError } from "#protobuf/unreadable.ts";
import { isReadAlike, isReadByTheBook, outcomeOf } from "../../support/random-message.ts";
import { testProtos } from "../../support/test-protos.ts";
import { readByTheBook } from "../../support/wire-reference.ts";

const protos = testProtos();
const decoders = new Decoders();

function typeOf(name: string): DescMessage {
  const desc = protos.getMessage(name);
  if (desc === undefined) throw new Error(`no message ${name}`);
  return desc;
}

const write = () => new BinaryWriter();
const part = (number: number, content: Uint8Array) =>
  write().tag(number, WireType.LengthDelimited).bytes(content);
const both = (number: number, one: Uint8Array, other: Uint8Array) =>
  Buffer.concat([part(number, one).finish(), part(number, other).finish()]);
const text = (number: number, content: string) =>
  write().tag(number, WireType.LengthDelimited).string(content).finish();
const nested = (depth: number): Uint8Array =>
  depth === 0 ? new Uint8Array(0) : part(1, nested(depth - 1)).finish();
const varint = (number: number, value: number) =>
  write().tag(number, WireType.Varint).int32(value).finish();
const fixed32 = (number: number) => write().tag(number, WireType.Bit32).fixed32(7).finish();
const fixed64 = (number: number) => write().tag(number, WireType.Bit64).fixed64(7n).finish();
const group = (number: number, content: Uint8Array = new Uint8Array(0)) =>
  Buffer.concat([
    write().tag(number, WireType.StartGroup).finish(),
    content,
    write().tag(number, WireType.EndGroup).finish(),
  ]);

const groups = (number: number, depth: number): Uint8Array =>
  depth === 0 ? new Uint8Array(0) : group(number, groups(number, depth - 1));
/** Parts or groups one behind the other. */
const many = (content: Uint8Array) => Buffer.concat(new Array(150).fill(content));

const values = "vectors.ParameterValues";
const numberOf = (name: string) =>
  typeOf(values).fields.find((one) => one.name === name)?.number ?? 0;
const entry = (...parts: Uint8Array[]) => part(38, Buffer.concat(parts)).finish();
const key = text(1, "k");
const seven = write().tag(2, WireType.Varint).int64(7n).finish();

/** What is read of bytes: properties that differ from those of an empty message. */
function readOf(name: string, bytes: Uint8Array): Record<string, unknown> {
  const desc = typeOf(name);
  const empty = create(desc) as unknown as Record<string, unknown>;
  const all = Object.entries(decoders.of(desc)(bytes));
  return Object.fromEntries(
    all.filter(([property, value]) => !isDeepStrictEqual(value, empty[property])),
  );
}

describe("bytes are read as the library reads them", () => {
  test.each<readonly [string, string, Uint8Array]>([
    ["a message that comes twice is merged", values, both(31, text(14, "a"), text(29, "b"))],
    [
      "a oneof's message that comes twice is merged",
      values,
      both(35, text(14, "a"), text(36, "b")),
    ],
    [
      "a wrapper that comes again without a value keeps it",
      values,
      both(26, text(1, "a"), nested(0)),
    ],
    [
      "numbers are taken packed where the type says one by one",
      "fields.Lists",
      part(18, Uint8Array.of(1, 2, 0x80, 1)).finish(),
    ],
    [
      "numbers are taken one by one where the type says packed",
      "fields.Lists",
      Buffer.concat([varint(3, -1), varint(3, 5)]),
    ],
    [
      "packed lists go on where the last one ended",
      "fields.Lists",
      Buffer.concat([
        both(1, Buffer.alloc(8, 1), Buffer.alloc(4, 2)),
        both(2, Buffer.alloc(8, 1), Buffer.alloc(16, 2)),
        both(3, Uint8Array.of(1, 0x80, 2), Uint8Array.of(3)),
        both(7, Uint8Array.of(1, 0x80, 2), Uint8Array.of(3)),
        both(10, Buffer.alloc(8, 1), Buffer.alloc(8, 2)),
        varint(3, 9),
      ]),
    ],
    ["a map's entry has key and value", values, entry(key, seven)],
    ["a map's entry without a value has its zero", values, entry(key)],
    ["a map's entry without a key has its zero", values, entry(seven)],
    ["a map's entry may have its value first", values, entry(seven, key)],
    ["a map's entry has the last of several", values, entry(key, seven, text(1, "l"), seven)],
    ["a map's entry may have more than both", values, entry(key, varint(9, 1), seven)],
    [
      "a map has the last of the values for a key",
      values,
      Buffer.concat([entry(key, seven), entry(key)]),
    ],
    ["a map's key may be __proto__", values, entry(text(1, "__proto__"), seven)],
    ["a map's key may be constructor", values, entry(text(1, "constructor"), seven)],
    ["a tag may be longer than it need be", values, Uint8Array.of(0x98, 0x80, 0x80, 0x80, 0, 1)],
    ["a negative number has ten bytes", values, varint(3, -5)],
    ["a bool is true for more than 1", values, Uint8Array.of(13 << 3, 2)],
    ["a bool is false for 0", values, Uint8Array.of(13 << 3, 0)],
    ["a bool is false for a 0 that is longer than it need be", values, Uint8Array.of(104, 0x80, 0)],
    ["the highest number of a field is one", values, Uint8Array.of(0xf8, 255, 255, 255, 0x0f, 1)],
    ...[28n, 31n, 32n, 34n, 35n, 62n].map((bit): [string, string, Uint8Array] => [
      `a number of 64 bits has bit ${bit}, and those around it`,
      "fields.Explicit",
      write()
        .tag(7, WireType.Varint)
        .int64((1n << bit) | 5n)
        .finish(),
    ]),
    ["a number of 64 bits has its sign", "fields.Explicit", write().tag(7, 0).int64(-2n).finish()],
    [
      "a number of 32 bits has the lower ones of more",
      values,
      write()
        .tag(3, WireType.Varint)
        .int64((1n << 35n) | 7n)
        .finish(),
    ],
    ["a float has its bytes", values, write().tag(numberOf("float_value"), 5).float(-1.5).finish()],
    ["a double has its bytes", "fields.Explicit", write().tag(9, 1).double(-1.5e300).finish()],
    [
      "a map's key __proto__ has the last of its values",
      values,
      Buffer.concat([entry(text(1, "__proto__"), seven), entry(text(1, "__proto__"))]),
    ],
    ["a bool has 64 bits", values, Uint8Array.of(13 << 3, 0x80, 0x80, 0x80, 0x80, 0x10)],
    ["text that is not ASCII is read", values, text(14, "語 ".repeat(50))],
    ["text may hold U+FFFD", values, text(14, "a long text with \ufffd within")],
    [
      "text that is no UTF-8 is repaired where the field allows it",
      "fields.Implicit",
      part(3, Buffer.alloc(20, 0xff)).finish(),
    ],
    ["a group is a message", "fields.Parts", group(2, group(2, nested(1)))],
    ["groups are in lists", "fields.Lists", Buffer.concat([group(22), group(22, varint(3, 1))])],
    [
      "a Struct is JSON",
      "fields.Parts",
      part(7, part(1, Buffer.concat([key, part(2, varint(4, 1)).finish()])).finish()).finish(),
    ],
    ["a message a hundred deep is read", "fields.Parts", nested(99)],
    ["groups a hundred deep are read", "fields.Parts", groups(2, 99)],
    ["unknown groups a hundred deep are read", values, groups(99, 99)],
    ["messages beside each other are not within each other", "fields.Parts", many(nested(1))],
    ["groups beside each other are not within each other", "fields.Parts", many(groups(2, 1))],
    ["unknown groups beside each other are not within each other", values, many(groups(99, 1))],
  ])("%s", (_name, type, bytes) => {
    const desc = typeOf(type);
    expect(outcomeOf(() => fromBinary(desc, bytes))).toHaveProperty("value");
    expect(isReadAlike(desc, bytes)).toBe(true);
    expect(isReadByTheBook(desc, bytes)).toBe(true);
  });
});

test("maps whose keys are __proto__ have them as keys of their own", () => {
  const bytes = entry(text(1, "__proto__"), seven);
  const { labels } = decoders.of(typeOf(values))(bytes) as unknown as { labels: object };
  expect(Object.getPrototypeOf(labels)).toBe(Object.prototype);
  expect(Object.entries(labels)).toEqual([["__proto__", 7n]]);
  const struct = part(1, Buffer.concat([text(1, "__proto__"), part(2, varint(4, 1)).finish()]));
  const read = readOf("fields.Parts", part(7, struct.finish()).finish());
  expect(Object.entries(read.struct as object)).toEqual([["__proto__", true]]);
});

describe("a field of another wire type than its own is unknown, as in C++, Go, Java and Python", () => {
  test.each<readonly [string, string, Uint8Array]>([
    ["varint for text", values, Uint8Array.of((14 << 3) | 0, 0x78)],
    ["varint for bytes", values, varint(15, 1)],
    ["varint for a message", values, varint(31, 1)],
    ["varint for a oneof's message", values, varint(35, 1)],
    ["varint for a wrapper", values, varint(26, 1)],
    ["varint for a map", values, varint(38, 1)],
    ["varint for a double", "fields.Explicit", varint(9, 1)],
    ["varint for a Struct", "fields.Parts", varint(7, 1)],
    ["varint for a list of texts", "fields.Lists", varint(14, 1)],
    ["varint for a list of messages", "fields.Lists", varint(21, 1)],
    ["varint for a list of floats", "fields.Lists", varint(1, 1)],
    ["packed bytes for a single number", "fields.Explicit", part(1, Uint8Array.of(1)).finish()],
    [
      "packed bytes for a single 64-bit number",
      "fields.Explicit",
      part(7, Uint8Array.of(1)).finish(),
    ],
    ["packed bytes for a bool", "fields.Explicit", part(4, Uint8Array.of(1)).finish()],
    ["packed bytes for an enum", "fields.Explicit", part(5, Uint8Array.of(1)).finish()],
    ["32 bits for a varint", "fields.Explicit", fixed32(1)],
    ["64 bits for a varint", "fields.Explicit", fixed64(1)],
    ["64 bits for 32", "fields.Lists", fixed64(9)],
    ["32 bits for 64", "fields.Lists", fixed32(10)],
    ["a group for a message", "fields.Parts", group(1)],
    ["a part for a group", "fields.Parts", part(2, new Uint8Array(0)).finish()],
    ["a part for a list of groups", "fields.Lists", part(22, new Uint8Array(0)).finish()],
    ["a group for text", values, group(14)],
  ])("%s", (_name, type, bytes) => {
    expect(readOf(type, bytes)).toEqual({});
    expect(isReadByTheBook(typeOf(type), bytes)).toBe(true);
    const keeping = new Decoders({ keepsUnknown: true }).of(typeOf(type));
    expect(Buffer.from(toBinary(typeOf(type), keeping(bytes)))).toEqual(Buffer.from(bytes));
  });

  test("within a map's entry as well", () => {
    const { labels } = readOf(values, entry(key, text(2, "no number"), varint(1, 5)));
    expect(labels).toEqual({ k: 0n });
  });

  test("and what follows is read", () => {
    const bytes = Buffer.concat([varint(14, 1), part(3, Uint8Array.of(1)).finish(), text(14, "a")]);
    expect(readOf(values, bytes)).toEqual({ stringValue: "a" });
  });
});

describe("what a closed enum does not know is an unknown field", () => {
  test.each<readonly [string, string, Uint8Array, object]>([
    ["a field", "fields.Explicit", Buffer.concat([varint(6, 1), varint(6, 9)]), { closedValue: 1 }],
    ["an item", "fields.Lists", Buffer.concat([varint(17, 9), varint(17, 1)]), { closeds: [1] }],
    [
      "one of packed ones",
      "fields.Lists",
      part(17, Uint8Array.of(1, 9, 3)).finish(),
      { closeds: [1, 3] },
    ],
    [
      "a map's entry",
      "fields.Maps",
      Buffer.concat([
        part(13, Buffer.concat([text(1, "a"), varint(2, 9)])).finish(),
        part(13, Buffer.concat([text(1, "b"), varint(2, 1)])).finish(),
      ]),
      { closeds: { b: 1 } },
    ],
  ])("%s", (_name, type, bytes, message) => {
    expect(readOf(type, bytes)).toEqual(message);
    expect(isReadByTheBook(typeOf(type), bytes)).toBe(true);
    const keeping = new Decoders({ keepsUnknown: true }).of(typeOf(type));
    expect(keeping(bytes).$unknown).toHaveLength(1);
  });
});

describe("bytes that are no message are refused", () => {
  test.each<readonly [string, string, Uint8Array]>([
    ["a tag in six bytes", values, Uint8Array.of(0x98, 0x80, 0x80, 0x80, 0x80, 0, 1)],
    ["a tag of more than 32 bits", values, Uint8Array.of(0x98, 0x80, 0x80, 0x80, 0x10, 1)],
    ["a field's number that is 0", values, Uint8Array.of(0, 1)],
    ["a wire type that there is not", values, Uint8Array.of((99 << 3) | 6, 6, 1)],
    ["a group's end without its beginning", values, Uint8Array.of((1 << 3) | 4)],
    ["another group's end", "fields.Parts", Uint8Array.of((2 << 3) | 3, (1 << 3) | 4)],
    ["an unknown group that another one ends", values, Uint8Array.of(0xfb, 1, 0xf4, 1)],
    ["a group without an end", "fields.Parts", Uint8Array.of((2 << 3) | 3)],
    ["an unknown group without an end", values, Uint8Array.of(0xfb, 1)],
    ["text that is no UTF-8", values, part(14, Buffer.alloc(20, 0xff)).finish()],
    ["short text that is no UTF-8", values, part(14, Uint8Array.of(0xc3)).finish()],
    ["a map's key that is no UTF-8", values, entry(part(1, Uint8Array.of(0xff)).finish(), seven)],
    ["an item that is no UTF-8", "fields.Lists", part(14, Uint8Array.of(0xff)).finish()],
    ["a message more than a hundred deep", "fields.Parts", nested(100)],
    ["groups more than a hundred deep", "fields.Parts", groups(2, 100)],
    ["unknown groups more than a hundred deep", values, groups(99, 100)],
    ["unknown groups deep within messages", "fields.Parts", part(1, groups(99, 99)).finish()],
    [
      "a length of more than 32 bits",
      values,
      Uint8Array.of((14 << 3) | 2, 0x81, 0x80, 0x80, 0x80, 0x10, 0x61),
    ],
    [
      "a length in six bytes",
      values,
      Uint8Array.of((14 << 3) | 2, 0x81, 0x80, 0x80, 0x80, 0x80, 0, 0x61),
    ],
    ["a length that says more than there is", values, Uint8Array.of((31 << 3) | 2, 1, 9)],
    ["an unknown part longer than there is", values, Uint8Array.of(0xfa, 1, 9)],
    ["an unknown number cut off", values, Uint8Array.of(0xf8, 1, 0x80)],
    ["an unknown number that is not there", values, Uint8Array.of(0xf8, 1)],
    [
      "a number that never ends",
      values,
      Buffer.concat([Uint8Array.of(24), Buffer.alloc(11, 0x80)]),
    ],
    ["a part that ends within a field", values, part(31, Uint8Array.of(0x72, 1)).finish()],
    [
      "a part that ends within a field of the one around it",
      values,
      Buffer.concat([part(31, Uint8Array.of(0x72, 1)).finish(), text(14, "a")]),
    ],
    ["a part that ends within an unknown field", values, part(31, Uint8Array.of(0xf8, 1)).finish()],
    [
      "a map's entry that ends within a field",
      values,
      Buffer.concat([entry(Uint8Array.of(0x0a, 1)), key]),
    ],
    ["packed floats that end within one", "fields.Lists", part(1, Buffer.alloc(6)).finish()],
    [
      "packed varints that end within one",
      "fields.Lists",
      part(3, Uint8Array.of(1, 0x80)).finish(),
    ],
    ["packed enums that end within one", "fields.Lists", part(17, Uint8Array.of(1, 0x80)).finish()],
    ["32 bits cut off", "fields.Lists", fixed32(9).subarray(0, -1)],
    ["64 bits cut off", "fields.Lists", fixed64(12).subarray(0, -1)],
  ])("%s", (_name, type, bytes) => {
    const desc = typeOf(type);
    expect(outcomeOf(() => readByTheBook(desc, bytes))).toHaveProperty("error");
    expect(() => decoders.of(desc)(bytes)).toThrow(MalformedError);
    const isWithin = Buffer.concat([bytes, Buffer.alloc(20)]).subarray(0, bytes.length);
    expect(() => decoders.of(desc)(isWithin), "with other bytes behind it").toThrow(MalformedError);
  });
});

describe("a refusal says what is wrong", () => {
  const number = 24;
  const long = 7 << 3;
  test.each<readonly [string, string, Uint8Array]>([
    ["a field has the number 0", values, Uint8Array.of(0, 1)],
    ["a tag or length is too large", values, Uint8Array.of(0x98, 0x80, 0x80, 0x80, 0x10, 1)],
    ["a field has an unknown wire type", values, Uint8Array.of((99 << 3) | 6, 6, 1)],
    ["a group ends that has not begun", values, Uint8Array.of((1 << 3) | 4)],
    ["a group does not end", values, Uint8Array.of(0xfb, 1)],
    ["a group does not end", "fields.Parts", Uint8Array.of((2 << 3) | 3)],
    ["it ends within a number", values, Uint8Array.of(number, 0x80)],
    ["it ends within a number", "fields.Explicit", Uint8Array.of(long, 0x80)],
    ["it ends within a field", values, Uint8Array.of(number)],
    ["it ends within a field", "fields.Lists", fixed32(9).subarray(0, -1)],
    ["a part of it ends within a field", values, part(31, Uint8Array.of(number)).finish()],
    [
      "a part of it ends within a field",
      values,
      Buffer.concat([part(38, Uint8Array.of(16)).finish(), text(14, "a")]),
    ],
    ["a number is longer than ten bytes", values, Buffer.alloc(12, 0x80).fill(number, 0, 1)],
    [
      "a number is longer than ten bytes",
      "fields.Explicit",
      Buffer.alloc(12, 0x80).fill(long, 0, 1),
    ],
    ...[
      [values, number],
      ["fields.Explicit", long],
    ].map(([type, tag]): [string, string, Uint8Array] => [
      "a number is longer than ten bytes",
      String(type),
      Buffer.concat([Buffer.of(Number(tag)), Buffer.alloc(10, 0x80), Buffer.of(1)]),
    ]),
    ["a length says more than there is", values, Uint8Array.of((31 << 3) | 2, 1, 9)],
    ["a text is not UTF-8", values, part(14, Uint8Array.of(0xc3)).finish()],
    ["a packed list ends within a number", "fields.Lists", part(1, Buffer.alloc(6)).finish()],
    ["it is nested more than 100 deep", "fields.Parts", nested(100)],
  ])("%s", (words, type, bytes) => {
    expect(() => decoders.of(typeOf(type))(bytes)).toThrow(new MalformedError(words));
  });
});

describe("unknown fields", () => {
  const bytes = Buffer.concat([varint(99, 1), text(14, "a"), group(98, group(1)), fixed64(97)]);

  test("are skipped", () => {
    expect(readOf(values, bytes)).toEqual({ stringValue: "a" });
  });

  test("stay with their message where that is asked for", () => {
    const keeping = new Decoders({ keepsUnknown: true });
    const message = keeping.of(typeOf(values))(bytes);
    expect(message).toStrictEqual(fromBinary(typeOf(values), Uint8Array.from(bytes)));
  });

  test("of numbers that are for extensions stay anyway", () => {
    const desc = typeOf("legacy.Legacy");
    const nick = protos.getExtension("legacy.nick");
    if (nick === undefined) throw new Error("no extension");
    const message = decoders.of(desc)(
      Buffer.concat([text(100, "nick"), text(99, "no"), text(200, "no")]),
    );
    expect(getExtension(message, nick)).toBe("nick");
    expect(message.$unknown).toHaveLength(1);
  });
});

describe("the elements of a message are bounded", () => {
  /** `count` times the two bytes of a part without content, or of a varint 0. */
  const empty = (tag: number, count: number) => Buffer.alloc(2 * count, Uint8Array.of(tag, 0));
  const isMadeWithIt = (member: DescField | DescOneof) =>
    member.kind === "oneof" || member.fieldKind === "list" || member.fieldKind === "map";
  const lists = typeOf("fields.Lists").fields.length;
  const maps = typeOf("fields.Maps").fields.length;

  interface Row {
    readonly name: string;
    readonly type: string;
    readonly bytesOf: (count: number) => Uint8Array;
    /** Elements of each, and of what there is beside them. */
    readonly each: number;
    readonly beside?: number;
  }
  const strings = (14 << 3) | 2;
  const rows: readonly Row[] = [
    {
      name: "one field again and again",
      type: "fields.Explicit",
      bytesOf: (count) => empty(8, count),
      each: 1,
    },
    {
      name: "one message again and again, which is made once",
      type: "fields.Parts",
      bytesOf: (count) => Buffer.alloc(3 * count, Uint8Array.of(0xba, 1, 0)),
      each: 1,
      beside: 1,
    },
    {
      name: "texts in a list",
      type: "fields.Lists",
      bytesOf: (count) => empty(strings, count),
      each: 1,
    },
    {
      name: "numbers one by one",
      type: "fields.Lists",
      bytesOf: (count) => empty(3 << 3, count),
      each: 1,
    },
    {
      name: "messages in a list, with lists of their own",
      type: "fields.Lists",
      bytesOf: (count) => Buffer.alloc(3 * count, Uint8Array.of(0xaa, 1, 0)),
      each: 2 + lists,
    },
    {
      name: "groups in a list, whose ends count too",
      type: "fields.Lists",
      bytesOf: (count) => Buffer.alloc(4 * count, Uint8Array.of(0xb3, 1, 0xb4, 1)),
      each: 3 + lists,
    },
    {
      name: "what is within messages",
      type: "fields.Lists",
      bytesOf: (count) => part(21, empty(strings, count)).finish(),
      each: 1,
      beside: 2 + lists,
    },
    {
      name: "entries of a map",
      type: "fields.Maps",
      bytesOf: (count) => empty((1 << 3) | 2, count),
      each: 3,
    },
    {
      name: "messages in a map",
      type: "fields.Maps",
      bytesOf: (count) => empty((12 << 3) | 2, count),
      each: 4 + maps,
    },
    {
      name: "keys and values of a map",
      type: "fields.Maps",
      bytesOf: (count) => part(1, empty((1 << 3) | 2, count)).finish(),
      each: 1,
      beside: 3,
    },
    {
      name: "unknown fields",
      type: "fields.Nothing",
      bytesOf: (count) => empty(8, count),
      each: 1,
    },
    {
      name: "unknown groups",
      type: "fields.Nothing",
      bytesOf: (count) => Buffer.alloc(2 * count, Uint8Array.of(0x0b, 0x0c)),
      each: 2,
    },
    {
      name: "what is within an unknown group",
      type: "fields.Nothing",
      bytesOf: (count) => group(1, empty(8, count)),
      each: 1,
      beside: 2,
    },
    {
      name: "fields of another wire type",
      type: "fields.Explicit",
      bytesOf: (count) => empty((1 << 3) | 2, count),
      each: 1,
    },
    {
      name: "what is within a Struct, whose values have a oneof",
      type: "fields.Parts",
      bytesOf: (count) => part(7, empty((1 << 3) | 2, count)).finish(),
      each: 5,
      beside: 3,
    },
  ];

  test.each(rows)("$name", ({ type, bytesOf, each, beside = 0 }) => {
    const desc = typeOf(type);
    const made = 1 + desc.members.filter(isMadeWithIt).length;
    const elementsMax = made + beside + 10 * each;
    const decode = new Decoders({ elementsMax }).of(desc);
    expect(decode(bytesOf(10))).toBeDefined();
    expect(() => decode(bytesOf(11))).toThrow(new TooManyElementsError(elementsMax));
    const tighter = new Decoders({ elementsMax: elementsMax - 1 }).of(desc);
    expect(() => tighter(bytesOf(10))).toThrow(TooManyElementsError);
  });

  test.each<readonly [string, number, number, number]>([
    ["floats", 1, 4, 1],
    ["doubles", 2, 8, 1],
    ["int32s", 3, 1, 2],
    ["int64s", 4, 1, 8],
    ["sint32s", 7, 1, 3],
    ["fixed32s", 9, 4, 3],
    ["fixed64s", 10, 8, 8],
    ["bools", 13, 1, 3],
    ["open enums", 16, 1, 2],
    ["64-bit numbers as text", 20, 1, 16],
  ])("packed %s count by what they weigh", (_name, number, bytes, weight) => {
    const decode = new Decoders({ elementsMax: 50 + 2 + lists }).of(typeOf("fields.Lists"));
    const fit = Math.floor((50 * 28) / weight);
    const packed = (count: number) => part(number, Buffer.alloc(count * bytes, 1)).finish();
    expect(decode(packed(fit))).toBeDefined();
    expect(() => decode(packed(fit + 1))).toThrow(TooManyElementsError);
  });

  test("packed closed enums count as well, and those that are kept as unknown fields fully", () => {
    const desc = typeOf("fields.Lists");
    const elementsMax = 50 + 2 + lists;
    const packed = (count: number, value: number) => part(17, Buffer.alloc(count, value)).finish();
    const decode = new Decoders({ elementsMax }).of(desc);
    expect(decode(packed(50 * 28, 1))).toBeDefined();
    expect(() => decode(packed(50 * 28 + 1, 1))).toThrow(TooManyElementsError);
    const keeping = new Decoders({ elementsMax, keepsUnknown: true }).of(desc);
    expect(() => keeping(packed(50, 9))).toThrow(TooManyElementsError);
  });

  test.each<readonly [string, (count: number) => Uint8Array, number]>([
    ["field", (count) => empty(8, count), 2],
    ["group, with what is within it", (count) => Buffer.alloc(2 * count, Uint8Array.of(11, 12)), 3],
  ])("an unknown %s that is kept counts once more", (_name, bytesOf, each) => {
    const desc = typeOf("fields.Nothing");
    const decode = (elementsMax: number, count: number) =>
      new Decoders({ elementsMax, keepsUnknown: true }).of(desc)(bytesOf(count));
    expect(decode(1 + 10 * each, 10).$unknown).toHaveLength(10);
    expect(() => decode(10 * each, 10)).toThrow(TooManyElementsError);
    expect(() => decode(1 + 10 * each, 11)).toThrow(TooManyElementsError);
  });

  test("by default at 100,000, so that five million empty messages are not made", () => {
    expect(() => decoders.of(ChatRequestSchema)(empty(0x32, 5_000_000))).toThrow(
      new TooManyElementsError(100_000),
    );
  });

  test("an image of ten megabytes as packed floats is within the default", () => {
    const { floats } = decoders.of(typeOf("fields.Lists"))(
      part(1, Buffer.alloc(10 * 1024 * 1024, 1)).finish(),
    ) as unknown as { floats: number[] };
    expect(floats).toHaveLength(2_621_440);
  });
});

describe("a field's own bounds hold while it is read", () => {
  const limits: Readonly<Record<string, FieldLimits>> = {
    strings: {
      items: { max: 2, expected: "two items" },
      valueBytes: { max: 3, expected: "short" },
    },
    int32s: { items: { max: 2, expected: "two items" } },
    closeds: { items: { max: 2, expected: "two items" } },
    lists: { items: { max: 2, expected: "two items" } },
    texts: { valueBytes: { max: 3, expected: "short" }, keyBytes: { max: 2, expected: "tiny" } },
    string_value: { valueBytes: { max: 3, expected: "short" } },
    bytes_value: { valueBytes: { max: 3, expected: "short" } },
  };
  const limited = new Decoders({ limitsOf: ({ name }) => limits[name] ?? {} });
  const lists = "fields.Lists";
  const list = (...parts: Uint8Array[]) => part(21, Buffer.concat(parts)).finish();

  test.each<readonly [string, string, Uint8Array, string]>([
    [
      "items one by one",
      lists,
      Buffer.concat([1, 2, 3].map((item) => varint(3, item))),
      "int32s: two items",
    ],
    ["packed items", lists, part(3, Uint8Array.of(1, 2, 3)).finish(), "int32s: two items"],
    [
      "packed and other items",
      lists,
      Buffer.concat([varint(3, 1), part(3, Uint8Array.of(1, 2)).finish()]),
      "int32s: two items",
    ],
    ["enums", lists, part(17, Uint8Array.of(1, 1, 1)).finish(), "closeds: two items"],
    ["messages", lists, Buffer.concat([list(), list(), list()]), "lists: two items"],
    [
      "texts",
      lists,
      Buffer.concat([text(14, ""), text(14, ""), text(14, "")]),
      "strings: two items",
    ],
    [
      "items of the second message within",
      lists,
      Buffer.concat([list(), list(part(3, Uint8Array.of(1, 2, 3)).finish())]),
      "lists[1].int32s: two items",
    ],
    [
      "a text in a list",
      lists,
      Buffer.concat([text(14, ""), text(14, "four")]),
      "strings[1]: short",
    ],
    [
      "a text in a message within",
      lists,
      Buffer.concat([varint(3, 1), list(list(text(14, "four")))]),
      "lists[0].lists[0].strings[0]: short",
    ],
    [
      "a text",
      "fields.Parts",
      part(3, Buffer.concat([varint(1, 1), text(2, "four")])).finish(),
      "explicit.string_value: short",
    ],
    ["bytes", "fields.Explicit", part(3, Buffer.alloc(4)).finish(), "bytes_value: short"],
    ["a map's key", "fields.Maps", part(1, text(1, "abc")).finish(), "texts: tiny"],
    ["a map's value", "fields.Maps", part(1, text(2, "four")).finish(), "texts: short"],
  ])("%s", (_name, type, bytes, told) => {
    const read = () => limited.of(typeOf(type))(bytes);
    expect(read).toThrow(FieldLimitError);
    expect(read).toThrow(told);
    expect(outcomeOf(() => decoders.of(typeOf(type))(bytes))).toHaveProperty("value");
  });

  test("what is at them is read", () => {
    const bytes = Buffer.concat([
      part(3, Uint8Array.of(1, 2)).finish(),
      text(14, "abc"),
      list(),
      list(),
    ]);
    expect(limited.of(typeOf(lists))(bytes)).toMatchObject({ int32s: [1, 2], strings: ["abc"] });
  });
});

test("fields of bytes are plain arrays, also out of a Buffer", () => {
  const bytes = part(15, Uint8Array.of(1, 2)).finish();
  const { bytesValue } = decoders.of(typeOf(values))(Buffer.from(bytes)) as unknown as {
    bytesValue: unknown;
  };
  expect(bytesValue).toStrictEqual(Uint8Array.of(1, 2));
});

test("messages share nothing that can change", () => {
  const decode = decoders.of(ChatRequestSchema);
  decode(Buffer.alloc(0)).messages.push({} as never);
  expect(decode(Buffer.alloc(0))).toStrictEqual(fromBinary(ChatRequestSchema, Buffer.alloc(0)));
});
