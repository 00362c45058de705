import { execFileSync } from "node:child_process";
import {
  create,
  createFileRegistry,
  type DescMessage,
  type Message,
  type MessageShape,
  setExtension,
  toBinary,
} from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { isLent } from "#core/buffer-pool.ts";
import { seededRng } from "#core/rng.ts";
import { HealthCheckResponseSchema } from "#gen/grpc/health/v1/health_pb.js";
import { ChatRequestSchema, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { encoderOf } from "#protobuf/encoder.ts";
import { messageTypes, randomMessage } from "../../support/random-message.ts";
import { testProtos } from "../../support/test-protos.ts";

const slabBytes = 16 * 1024;
const encode = encoderOf(ChatRequestSchema);

function chat(message: string): MessageShape<typeof ChatRequestSchema> {
  return create(ChatRequestSchema, { message, sessionId: "s" });
}

function typeOf(name: string): DescMessage {
  const desc = testProtos().getMessage(name);
  if (desc === undefined) throw new Error(`no message ${name}`);
  return desc;
}

function holdsStruct(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(
    ([name, inner]) => /^structs?$/.test(name) || inner === "oneStruct" || holdsStruct(inner),
  );
}

test("messages written in turn keep their bytes, whatever their sizes", () => {
  const rng = seededRng(7);
  const written = Array.from({ length: 600 }, (_, index) => {
    const length =
      index % 50 === 0 ? 40_000 : Math.floor(rng.next() * (index % 7 === 0 ? 9000 : 300));
    const message = chat("m".repeat(length));
    const bytes = encode(message, 5).fill(index, 0, 5);
    return {
      bytes,
      kept: Buffer.concat([Buffer.alloc(5, index), toBinary(ChatRequestSchema, message)]),
    };
  });
  for (const { bytes, kept } of written) expect(bytes.equals(kept)).toBe(true);
});

test.each([4000, 4096, 5000, slabBytes - 20, slabBytes, slabBytes + 1, 200_000])(
  "a text of %d units is written wherever in its slab it begins",
  (length) => {
    for (const unit of ["a", "é", "語", "\ud83d\ude00", "\udc00"]) {
      for (let filled = 0; filled < 6; filled += 1) {
        const message = chat(unit.repeat(length / unit.length) + "b".repeat(filled));
        expect(encode(message, 3).subarray(3).equals(toBinary(ChatRequestSchema, message))).toBe(
          true,
        );
        encode(chat("c".repeat(filled * 700)), 0);
      }
    }
  },
);

test("a message that waits somewhere holds no more than its slab, a large one little beside itself", () => {
  expect(encode(chat("small"), 5).buffer.byteLength).toBe(slabBytes);
  const large = encode(chat("l".repeat(100_000)), 5);
  expect(large.buffer.byteLength).toBeLessThan(large.length + 200);
});

test("every kind of field is written in place, except for a Struct, which messages hold as JSON", () => {
  const rng = seededRng(3);
  for (const desc of messageTypes()) {
    if (desc.file.name !== "fields" && desc.file.name !== "legacy") continue;
    for (let count = 0; count < 40; count += 1) {
      const message = randomMessage(desc, { rng, oddShare: 0 }, 2);
      let theirs: Uint8Array;
      try {
        theirs = toBinary(desc, message);
      } catch {
        continue;
      }
      if (theirs.length > 1000 || holdsStruct(message)) continue;
      const bytes = encoderOf(desc)(message, 0);
      expect(bytes.equals(theirs), desc.typeName).toBe(true);
      expect(bytes.buffer.byteLength, desc.typeName).toBe(slabBytes);
    }
  }
});

test.each<readonly [string, string, object, string]>([
  ["a number out of range", "fields.Lists", { int32s: [1, 2 ** 31] }, "invalid int32: 2147483648"],
  ["a required field that is missing", "fields.Required", {}, "required field not set"],
  ["a value of another type", "vectors.ParameterValues", { floatValue: "x" }, "invalid float32: x"],
  ["a float past its range", "vectors.ParameterValues", { floatValue: 1e300 }, "float32: 1e+300"],
  ["a message of another type", "fields.Parts", { $typeName: "x.Y" }, "with message x.Y"],
])("%s is refused in the library's words, and leaves no trace", (_name, type, fields, words) => {
  const desc = typeOf(type);
  const before = encode(chat("before"), 0);
  const wrong: Message = Object.assign(create(desc), fields);
  expect(() => encoderOf(desc)(wrong, 5)).toThrow(words);
  expect(encode(chat("after"), 0).equals(toBinary(ChatRequestSchema, chat("after")))).toBe(true);
  expect(before.equals(toBinary(ChatRequestSchema, chat("before")))).toBe(true);
});

test("what the library takes beyond a field's type is written as it does", () => {
  const desc = typeOf("vectors.ParameterValues");
  const message = Object.assign(create(desc), { int32Value: "7", doubleValue: "1.5" });
  expect(encoderOf(desc)(message, 2).subarray(2).equals(toBinary(desc, message))).toBe(true);
});

/** A type of so many fields, which are declared from the last number to the first. */
function typeOfMany(count: number): DescMessage {
  const field = Array.from({ length: count }, (_, index) => {
    const name = `f${count - index}`;
    return { name, jsonName: name, number: count - index, type: Type.INT32, label: Label.OPTIONAL };
  });
  const file = create(FileDescriptorProtoSchema, {
    name: `many${count}.proto`,
    syntax: "proto3",
    messageType: [{ name: "Many", field }],
  });
  const desc = createFileRegistry(file, () => undefined).getMessage("Many");
  if (desc === undefined) throw new Error("no message Many");
  return desc;
}

test.each([1, 256, 257, 300])(
  "all of %d fields are written, in the order of their numbers",
  (count) => {
    const desc = typeOfMany(count);
    const numbers = Array.from({ length: count }, (_, index) => [`f${index + 1}`, index]);
    const message = Object.assign(create(desc), Object.fromEntries(numbers));
    const bytes = encoderOf(desc)(message, 0);
    expect(bytes.equals(toBinary(desc, message))).toBe(true);
    expect(bytes.buffer.byteLength).toBe(slabBytes);
  },
);

test("extensions are written with what else is unknown of a message", () => {
  const desc = typeOf("legacy.Legacy");
  const nick = testProtos().getExtension("legacy.nick");
  if (nick === undefined) throw new Error("no such extension");
  const message = Object.assign(create(desc), { needed: true });
  setExtension(message, nick, "Bob");
  expect(encoderOf(desc)(message, 0).equals(toBinary(desc, message))).toBe(true);
});

test("an empty message is its headroom", () => {
  expect(encoderOf(HealthCheckResponseSchema)(create(HealthCheckResponseSchema), 5)).toHaveLength(
    5,
  );
  expect(encoderOf(ChatResponseSchema)(create(ChatResponseSchema), 0)).toHaveLength(0);
});

test.each([10, 9_000])(
  "a message of %d units that is encoded while another is written leaves that, and those given away, alone",
  (length) => {
    const others = Array.from({ length: 14 }, (_, index) => chat(`answer ${index} `.repeat(100)));
    const sent = others.map((message) => encode(message, 0));
    const outer = chat("outer");
    const inner = chat("i".repeat(length));
    const taken: Buffer[] = [];
    Object.defineProperty(outer, "sessionId", {
      enumerable: true,
      get() {
        taken.push(encode(inner, 0));
        return "session";
      },
    });
    const bytes = encode(outer, 0);
    expect(
      bytes.equals(toBinary(ChatRequestSchema, { ...chat("outer"), sessionId: "session" })),
    ).toBe(true);
    encode(chat("later".repeat(300)), 0);
    expect(taken.every((each) => each.equals(toBinary(ChatRequestSchema, inner)))).toBe(true);
    for (const [index, message] of others.entries()) {
      expect(sent[index]?.equals(toBinary(ChatRequestSchema, message))).toBe(true);
    }
  },
);

/** Leaves so little room in the slab that what is larger than a few hundred bytes has to go elsewhere. */
function fillSlab(): void {
  while (encode(chat("f".repeat(200)), 0).byteOffset < slabBytes - 500);
}

test("only who gives back is lent memory, and only for messages of 4 to 32 KiB", () => {
  const lent = [100, 4_000, 4_200, 20_000, 32_000, 33_000, 100_000].filter((length) => {
    const message = chat("m".repeat(length));
    expect(isLent(encode(message, 5))).toBe(false);
    fillSlab();
    const bytes = encode(message, 5, true);
    expect(bytes.subarray(5).equals(toBinary(ChatRequestSchema, message))).toBe(true);
    return isLent(bytes);
  });
  expect(lent).toEqual([4_200, 20_000, 32_000]);
});

test("messages of many kinds are the library's, in lent memory too", () => {
  const rng = seededRng(11);
  const kept = Array.from({ length: 300 }, (_, index) => {
    const message = chat("é".repeat(1 + Math.floor(rng.next() * 12_000)));
    const bytes = encode(message, index % 2 === 0 ? 0 : 5, true);
    return { message, bytes: bytes.subarray(index % 2 === 0 ? 0 : 5) };
  });
  for (const { message, bytes } of kept) {
    expect(bytes.equals(toBinary(ChatRequestSchema, message))).toBe(true);
  }
});

test("where code from strings is forbidden, messages are written in place all the same", () => {
  const program = `
    import { create, toBinary } from "@bufbuild/protobuf";
    import { ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
    import { encoderOf } from "#protobuf/encoder.ts";
    const message = create(ChatResponseSchema, { response: "r", usage: { totalTokens: 3 }, cost: 0.5 });
    const [first, second] = [1, 2].map(() => encoderOf(ChatResponseSchema)(message, 0));
    console.log(JSON.stringify({
      isSame: second.equals(toBinary(ChatResponseSchema, message)),
      isInPlace: first.buffer === second.buffer,
    }));
  `;
  const flags = ["--disallow-code-generation-from-strings", "-C", "source", "--input-type=module"];
  const printed = execFileSync(process.execPath, [...flags, "-e", program], { encoding: "utf8" });
  expect(JSON.parse(printed)).toEqual({ isSame: true, isInPlace: true });
});
