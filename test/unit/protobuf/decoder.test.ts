import { create, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { ByteReader } from "#protobuf/byte-reader.ts";
import { decoderOf } from "#protobuf/decoder.ts";
import { messageTypeOf } from "#protobuf/message-reader.ts";
import { isReadAlike } from "../../support/random-message.ts";
import { testProtos } from "../../support/test-protos.ts";

const protos = testProtos();

function typeOf(name: string): DescMessage {
  const desc = protos.getMessage(name);
  if (desc === undefined) throw new Error(`no message ${name}`);
  return desc;
}

/** Whether bytes are read without the library. */
function isReadInPlace(desc: DescMessage, bytes: Uint8Array): boolean {
  const { create: made, read } = messageTypeOf(desc);
  try {
    new ByteReader(bytes).whole(read, made());
    return true;
  } catch {
    return false;
  }
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

const values = "vectors.ParameterValues";
const entry = (...parts: Uint8Array[]) => part(38, Buffer.concat(parts)).finish();
const key = text(1, "k");
const seven = write().tag(2, WireType.Varint).int64(7n).finish();

test.each<readonly [string, string, Uint8Array]>([
  ["a message that comes twice is merged", values, both(31, text(14, "a"), text(29, "b"))],
  ["a oneof's message that comes twice is merged", values, both(35, text(14, "a"), text(36, "b"))],
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
    write().tag(3, WireType.Varint).int32(-1).tag(3, WireType.Varint).int32(5).finish(),
  ],
  ["a map's entry has key and value", values, entry(key, seven)],
  ["a negative number has ten bytes", values, write().tag(3, WireType.Varint).int32(-5).finish()],
  ["text that is not ASCII is read", values, text(14, "語 ".repeat(50))],
  ["a message a hundred deep is read", "fields.Parts", nested(99)],
])("%s, without the library", (_name, type, bytes) => {
  const desc = typeOf(type);
  expect(isReadAlike(desc, bytes)).toBe(true);
  expect(isReadInPlace(desc, bytes)).toBe(true);
});

test.each<readonly [string, string, Uint8Array]>([
  ["an unknown field", values, write().tag(99, WireType.Varint).int32(1).finish()],
  ["a number that a closed enum does not know", "fields.Explicit", Uint8Array.of(6 << 3, 9)],
  ["a map's entry without a value", values, entry(key)],
  ["a map's entry with its value first", values, entry(seven, key)],
  ["a map's entry with more than both", values, entry(key, seven, seven)],
  ["a map's key that is __proto__", values, entry(text(1, "__proto__"), seven)],
  ["a tag in six bytes", values, Uint8Array.of(0x98, 0x80, 0x80, 0x80, 0x80, 0, 1)],
  ["a bool that is no bit", values, Uint8Array.of(13 << 3, 2)],
  ["a bool of more than 32 bits", values, Uint8Array.of(13 << 3, 0x80, 0x80, 0x80, 0x80, 0x10)],
  ["text that holds U+FFFD", values, text(14, "a long text with \ufffd within")],
  ["text that is no UTF-8", values, part(14, Buffer.alloc(20, 0xff)).finish()],
  ["a message more than a hundred deep", "fields.Parts", nested(101)],
  ["a length that says more than there is", values, Uint8Array.of((31 << 3) | 2, 1, 9)],
  ["a number that never ends", values, Buffer.concat([Uint8Array.of(24), Buffer.alloc(11, 0x80)])],
  ["a part that ends within a field", values, part(31, Uint8Array.of(0x72, 1)).finish()],
])("%s is left to the library", (_name, type, bytes) => {
  const desc = typeOf(type);
  expect(isReadAlike(desc, bytes)).toBe(true);
  expect(isReadInPlace(desc, bytes)).toBe(false);
});

test("fields of bytes are plain arrays, also out of a Buffer", () => {
  const desc = typeOf(values);
  const bytes = part(15, Uint8Array.of(1, 2)).finish();
  const { bytesValue } = decoderOf(desc)(Buffer.from(bytes)) as unknown as { bytesValue: unknown };
  expect(bytesValue).toStrictEqual(Uint8Array.of(1, 2));
});

test("messages share nothing that can change", () => {
  const decode = decoderOf(ChatRequestSchema);
  decode(Buffer.alloc(0)).messages.push({} as never);
  expect(decode(Buffer.alloc(0))).toStrictEqual(fromBinary(ChatRequestSchema, Buffer.alloc(0)));
});

test("what is encoded here is decoded without the library", () => {
  const message = create(ChatRequestSchema, {
    message: "hello",
    messages: [{ role: "user", content: "x".repeat(300) }],
    temperature: 0.5,
    maxTokens: 7,
    useTools: true,
  });
  expect(isReadInPlace(ChatRequestSchema, toBinary(ChatRequestSchema, message))).toBe(true);
});
