import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { type Coding, codingOf } from "#protocol/compression.ts";
import {
  coded,
  compressedFlag,
  type Envelope,
  envelope,
  isCompressed,
  onlyEnvelope,
  prefixBytes,
  sealed,
} from "#protocol/envelope.ts";
import { Deframer, EnvelopeReader } from "#protocol/envelope-reader.ts";
import { rejection } from "../../support/call.ts";

const reading = { messageBytesMax: 100, malformedCode: Code.InvalidArgument };
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Memory that is in use, in bytes. */
function memoryBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(bytes: Uint8Array, size: number): Promise<Envelope[]> {
  const reader = new EnvelopeReader(inPieces(bytes, size), new Deframer(reading));
  const all: Envelope[] = [];
  for (;;) {
    const next = await reader.next();
    if (next === undefined) return all;
    all.push({ flags: next.flags, payload: Uint8Array.from(next.payload) });
  }
}

const messages = ["", "a", "x".repeat(100), "end"].map((text) => Buffer.from(text));
const body = Buffer.concat(messages.map((message, index) => envelope(index % 2, message)));

test.each([1, 2, 3, 5, 7, 64, 1000])(
  "messages come out whole however the body is cut: in pieces of %d",
  async (size) => {
    const all = await readAll(body, size);
    expect(all.map(({ payload }) => Buffer.from(payload))).toEqual(messages);
    expect(all.map(({ flags }) => flags)).toEqual([0, 1, 0, 1]);
  },
);

const malformed = [
  {
    name: "a length over the limit is refused before its bytes come",
    bytes: Buffer.from([0, 0, 0, 0, 101]),
    code: Code.ResourceExhausted,
    reason: "BODY_TOO_LARGE",
  },
  {
    name: "a length of all ones is no negative number",
    bytes: Buffer.from([0, 255, 255, 255, 255, 1, 2, 3]),
    code: Code.ResourceExhausted,
    reason: "BODY_TOO_LARGE",
  },
  {
    name: "a body that ends within a prefix is malformed",
    bytes: Buffer.from([0, 0, 0]),
    code: Code.InvalidArgument,
    reason: "BODY_MALFORMED",
  },
  {
    name: "a body that ends within a message is malformed",
    bytes: Buffer.from([0, 0, 0, 0, 5, 1, 2]),
    code: Code.InvalidArgument,
    reason: "BODY_MALFORMED",
  },
  {
    name: "a prefix that is cut off says nothing of a length",
    bytes: Buffer.from([0, 255, 255]),
    code: Code.InvalidArgument,
    reason: "BODY_MALFORMED",
  },
  {
    name: "flags that no client may send are INTERNAL",
    bytes: Buffer.from([2, 0, 0, 0, 0]),
    code: Code.Internal,
    reason: "BODY_MALFORMED",
  },
];

describe.each(malformed)("$name", ({ bytes, code, reason }) => {
  test.each([1, 100])("in pieces of %d", async (size) => {
    const error = await rejection(readAll(bytes, size));
    expect([error.code, reasonOf(error)]).toEqual([code, reason]);
  });

  test("and as a whole body", async () => {
    const error = await rejection((async () => onlyEnvelope(bytes, reading))());
    expect([error.code, reasonOf(error)]).toEqual([code, reason]);
  });
});

test("what is wrong with a body is told in words, and with the protocol's own code", async () => {
  const told = async (bytes: readonly number[]) => {
    const own = { ...reading, malformedCode: Code.Internal };
    const error = await rejection((async () => onlyEnvelope(Buffer.from(bytes), own))());
    return [error.code, error.rawMessage];
  };
  const message = [0, 0, 0, 0, 1, 7];
  expect(await told([6, 0, 0, 0, 0])).toEqual([
    Code.Internal,
    "an envelope has the unknown flags 6",
  ]);
  expect(await told(message.slice(0, -1))).toEqual([
    Code.Internal,
    "the body ends within an envelope",
  ]);
  expect(await told([])).toEqual([
    Code.Unimplemented,
    "the method takes one message, the request has no",
  ]);
  expect(await told([...message, ...message])).toEqual([
    Code.Unimplemented,
    "the method takes one message, the request has more than one",
  ]);
});

test("pieces may come before anybody asks for what is in them, and messages are counted", () => {
  for (const size of [1, 3, 7, 64]) {
    const deframer = new Deframer(reading);
    for (let at = 0; at < body.length; at += size) deframer.push(body.subarray(at, at + size));
    const all: string[] = [];
    for (let next = deframer.next(); next !== undefined; next = deframer.next()) {
      all.push(Buffer.from(next.payload).toString());
      expect(deframer.messages).toBe(all.length);
    }
    expect(all).toEqual(messages.map(String));
    expect(deframer.isBetween).toBe(true);
  }
});

test("a payload is a view of the piece that its whole envelope came in", () => {
  const deframer = new Deframer(reading);
  const piece = new Uint8Array(envelope(0, Buffer.from("abc")));
  deframer.push(piece);
  expect(deframer.next()?.payload.buffer).toBe(piece.buffer);
});

test.each([
  { name: "no message", bytes: Buffer.alloc(0) },
  {
    name: "two messages",
    bytes: Buffer.concat([envelope(0, messages[1]!), envelope(0, messages[1]!)]),
  },
])("$name where there is one to be is UNIMPLEMENTED", async ({ bytes }) => {
  const error = await rejection((async () => onlyEnvelope(bytes, reading))());
  expect(error.code).toBe(Code.Unimplemented);
});

test("closing a reader tells its source to stop", async () => {
  let stopped = false;
  async function* endless() {
    try {
      for (;;) yield envelope(0, Buffer.from("x"));
    } finally {
      stopped = true;
    }
  }
  const reader = new EnvelopeReader(endless(), new Deframer(reading));
  await reader.next();
  await reader.close();
  expect(stopped).toBe(true);
});

test("a payload behind room for its prefix is framed where it is", () => {
  for (const bytes of [0, 1, 255, 256, 70_000, 1 << 24]) {
    const room = Buffer.alloc(prefixBytes + bytes, 7);
    expect(sealed(1, room)).toBe(room);
    expect(room.equals(envelope(1, Buffer.alloc(bytes, 7)))).toBe(true);
  }
});

test("an envelope is compressed when there is a coding and its payload is worth it", async () => {
  const gzip = codingOf("gzip");
  const framed = envelope(0, Buffer.alloc(100, "a"));
  expect(coded(framed, undefined, 1)).toBe(framed);
  expect(coded(framed, gzip, 101)).toBe(framed);
  const { flags, payload } = onlyEnvelope(await coded(framed, gzip, 100), reading);
  expect(flags).toBe(compressedFlag);
  expect(await gzip?.decompress(payload, 100)).toEqual(Buffer.alloc(100, "a"));
});

test("an envelope goes as it is where its coding would not make it smaller", async () => {
  const framed = envelope(0, Buffer.alloc(100, "a"));
  for (const compressed of [undefined, Promise.resolve(undefined)]) {
    const coding = { name: "gzip", compress: () => compressed } as unknown as Coding;
    expect(await coded(framed, coding, 1)).toBe(framed);
  }
});

test("whether a payload is compressed stands in its flags", () => {
  const flagsOf = (flags: number) => onlyEnvelope(envelope(flags, Buffer.from("x")), reading);
  expect([isCompressed(flagsOf(0)), isCompressed(flagsOf(compressedFlag))]).toEqual([false, true]);
});

test("each byte of a length counts", () => {
  const bytes = 0x0102_0304;
  const { payload } = onlyEnvelope(envelope(0, Buffer.alloc(bytes)), {
    ...reading,
    messageBytesMax: bytes,
  });
  expect(payload).toHaveLength(bytes);
});

describe("a message that comes in pieces", () => {
  test("takes about as much memory as it has bytes, however many pieces there are", () => {
    const bytes = 300_000;
    const deframer = new Deframer({ ...reading, messageBytesMax: bytes });
    const whole = envelope(0, Buffer.alloc(bytes, "abc"));
    const read = Buffer.alloc(1 << 16);
    const before = memoryBytes();
    for (let at = 0; at < whole.length - 1; at += 1) {
      // As a socket gives it: a part of a read that has other things, too.
      read[at % read.length] = whole[at] ?? 0;
      deframer.push(read.subarray(at % read.length, (at % read.length) + 1));
      if (deframer.next() !== undefined) throw new Error("it was not whole yet");
    }
    // A piece of one byte by itself is an object of a hundred.
    expect(memoryBytes() - before).toBeLessThan(4 * bytes);
    deframer.push(whole.subarray(-1));
    const payload = deframer.next()?.payload ?? Buffer.alloc(0);
    expect(Buffer.compare(payload, whole.subarray(prefixBytes))).toBe(0);
    expect(deframer.isBetween).toBe(true);
  });

  test("does not hold on to a read of which it is a small part", async () => {
    const deframer = new Deframer(reading);
    const pushed = () => {
      const read = Buffer.alloc(1 << 20);
      deframer.push(read.subarray(100, 103));
      return new WeakRef(read.buffer);
    };
    const read = pushed();
    expect(deframer.next()).toBeUndefined();
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(read.deref()).toBeUndefined();
    expect(deframer.isBetween).toBe(false);
  });

  test("does not hold on to reads that more of it came in, nor to those that all was taken of", async () => {
    const pushed = (deframer: Deframer, bytes: readonly number[]) => {
      const read = Buffer.alloc(1 << 20);
      read.set(bytes, 100);
      deframer.push(read.subarray(100, 100 + bytes.length));
      while (deframer.next() !== undefined);
      return new WeakRef(read.buffer);
    };
    const [waiting, between] = [new Deframer(reading), new Deframer(reading)];
    const reads = [
      pushed(waiting, [0, 0, 0]),
      pushed(waiting, [0, 9]),
      pushed(waiting, [1, 2]),
      pushed(between, [0, 0, 0, 0, 1, 7]),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(reads.map((read) => read.deref())).toEqual(reads.map(() => undefined));
    expect([waiting.isBetween, between.isBetween]).toEqual([false, true]);
  });
});
