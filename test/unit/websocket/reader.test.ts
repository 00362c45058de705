/** A client's bytes become messages, however they are cut, and no more is held than one message. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteBudget } from "#core/byte-budget.ts";
import type { Violation } from "#websocket/frame.ts";
import { MessageReader } from "#websocket/reader.ts";
import { frame } from "../../support/websocket-peer.ts";

function readerOf(
  limits = { messageBytesMax: 1000, framesMax: 50 },
  held = new ByteBudget(10_000),
) {
  const seen: string[] = [];
  const violations: Violation[] = [];
  const taker = {
    isFull: false,
    onText: (text: string) => void seen.push(text),
    onPing: (payload: Buffer) => void seen.push(`ping ${payload}`),
    onClose: (payload: Buffer) => void seen.push(`close ${payload.toString("hex")}`),
    onViolation: (violation: Violation) => void violations.push(violation),
  };
  return { reader: new MessageReader(limits, held, taker), taker, seen, violations, held };
}

/** A message in frames of these sizes, the last of which ends it. */
function inFrames(text: string, sizes: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const frames: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    frames.push(frame(frames.length === 0 ? 0x01 : 0x00, bytes.subarray(at, at + size)));
    at += size;
  }
  return [...frames, frame(frames.length === 0 ? 0x81 : 0x80, bytes.subarray(at))];
}

const sent = fc.array(
  fc.oneof(
    fc.record({
      text: fc.string({ unit: "grapheme", maxLength: 200 }),
      sizes: fc.array(fc.nat(100), { maxLength: 5 }),
    }),
    fc.record({ ping: fc.string({ maxLength: 125, unit: "grapheme-ascii" }) }),
  ),
);

test("whatever is sent arrives, in whatever frames and pieces", () => {
  fc.assert(
    fc.property(sent, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (all, cuts) => {
      const { reader, seen, violations } = readerOf(
        { messageBytesMax: 10_000, framesMax: 10 },
        new ByteBudget(Number.POSITIVE_INFINITY),
      );
      const bytes = Buffer.concat(
        all.flatMap((one) =>
          "ping" in one ? [frame(0x89, Buffer.from(one.ping))] : inFrames(one.text, one.sizes),
        ),
      );
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const size = cuts[turn % cuts.length] ?? 1;
        reader.push(Buffer.from(bytes.subarray(at, at + size)));
        at += size;
      }
      expect(violations).toEqual([]);
      expect(seen).toEqual(all.map((one) => ("ping" in one ? `ping ${one.ping}` : one.text)));
      expect(reader.isWithin).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test("control frames come between the frames of a message", () => {
  const { reader, seen } = readerOf();
  const [first, second] = inFrames("hello", [2]);
  for (const bytes of [first, frame(0x89, Buffer.from("x")), second]) reader.push(bytes as Buffer);
  expect(seen).toEqual(["ping x", "hello"]);
});

describe("a message has at most so many frames", () => {
  const [begin, more, end] = [
    () => frame(0x01, Buffer.from("a")),
    () => frame(0x00, Buffer.alloc(0)),
    () => frame(0x80, Buffer.alloc(0)),
  ];

  test("and no fewer", () => {
    const { reader, seen, violations } = readerOf();
    for (let message = 0; message < 3; message += 1) {
      reader.push(begin());
      for (let count = 0; count < 48; count += 1) reader.push(more());
      reader.push(end());
    }
    expect(violations).toEqual([]);
    expect(seen).toEqual(["a", "a", "a"]);
  });

  test("one more is a violation of policy, and empty ones count", () => {
    const { reader, seen, violations } = readerOf();
    reader.push(begin());
    for (let count = 0; count < 49; count += 1) reader.push(more());
    expect(violations).toEqual([]);
    reader.push(more());
    expect(violations).toMatchObject([{ code: 1008 }]);
    reader.push(end());
    expect(seen).toEqual([]);
  });
});

describe("what is held", () => {
  test("is one buffer, no larger than a message may be, however small the pieces", () => {
    const held = new ByteBudget(Number.POSITIVE_INFINITY);
    const limits = { messageBytesMax: 100_000, framesMax: 1_000_000 };
    const { reader, seen } = readerOf(limits, held);
    reader.push(frame(0x01, Buffer.from("a")));
    for (let count = 0; count < 20_000; count += 1) {
      reader.push(frame(0x00, Buffer.from("b")));
      reader.push(frame(0x00, Buffer.alloc(0)));
    }
    expect(held.heldBytes).toBeGreaterThan(20_000);
    expect(held.heldBytes).toBeLessThanOrEqual(2 * 20_001);
    reader.push(frame(0x80, Buffer.alloc(79_999, "c")));
    expect(seen[0]?.length).toBe(100_000);
    expect(held.heldBytes).toBe(0);
  });

  test("is nothing of a message that comes whole", () => {
    const held = new ByteBudget(Number.POSITIVE_INFINITY);
    const { reader, seen } = readerOf(undefined, held);
    reader.push(frame(0x81, Buffer.alloc(1000, "a")));
    expect([seen.length, held.heldBytes]).toEqual([1, 0]);
  });

  test.each([
    { name: "the reader ends", over: (reader: MessageReader) => reader.end() },
    { name: "messages are discarded", over: (reader: MessageReader) => reader.discard() },
    {
      name: "a rule is broken",
      over: (reader: MessageReader) => reader.push(frame(0x83, Buffer.alloc(0))),
    },
  ])("is given back when $name", ({ over }) => {
    const held = new ByteBudget(Number.POSITIVE_INFINITY);
    const { reader } = readerOf(undefined, held);
    reader.push(frame(0x01, Buffer.alloc(500, "a")));
    expect(held.heldBytes).toBeGreaterThanOrEqual(500);
    over(reader);
    expect(held.heldBytes).toBe(0);
  });

  test("is bounded for all readers together: who would hold more is sent away for now", () => {
    const held = new ByteBudget(35);
    const one = readerOf(undefined, held);
    const other = readerOf(undefined, held);
    one.reader.push(frame(0x01, Buffer.alloc(10, "a")));
    other.reader.push(frame(0x01, Buffer.alloc(30, "a")));
    expect(other.violations).toMatchObject([{ code: 1013 }]);
    one.reader.push(frame(0x80, Buffer.alloc(10, "b")));
    expect(one.seen).toEqual(["a".repeat(10) + "b".repeat(10)]);
    const third = readerOf(undefined, held);
    third.reader.push(frame(0x01, Buffer.alloc(30, "a")));
    expect(third.violations).toEqual([]);
  });
});

test.each([511, 512, 513, 514, 515, 70_000])(
  "a text of %i bytes is unmasked wherever it lies in a read, and wherever that is cut",
  (size) => {
    const text = Array.from({ length: size }, (_, at) => String.fromCharCode(32 + (at % 95))).join(
      "",
    );
    for (let before = 0; before < 5; before += 1) {
      const bytes = Buffer.concat([Buffer.alloc(before), frame(0x81, Buffer.from(text))]);
      for (const cut of [bytes.length, before + 14, before + 300, before + 301, before + 302]) {
        const { reader, seen } = readerOf(
          { messageBytesMax: 100_000, framesMax: 1 },
          new ByteBudget(100_000),
        );
        const copy = Buffer.from(bytes);
        reader.push(copy.subarray(before, cut));
        if (cut < bytes.length) reader.push(copy.subarray(cut));
        expect(seen[0] === text, `${before} bytes before, cut at ${cut}`).toBe(true);
      }
    }
  },
);

test("what comes after the end is freed, not kept", () => {
  const { reader } = readerOf();
  reader.end();
  const chunk = Buffer.allocUnsafeSlow(16 * 1024);
  reader.push(chunk);
  expect(chunk.length).toBe(0);
});

test("a taker that is full gets nothing more until it asks", () => {
  const { reader, taker, seen } = readerOf();
  taker.isFull = true;
  reader.push(Buffer.concat([frame(0x81, Buffer.from("a")), frame(0x81, Buffer.from("b"))]));
  reader.push(frame(0x81, Buffer.from("c")));
  expect(seen).toEqual([]);
  taker.isFull = false;
  reader.readOn();
  expect(seen).toEqual(["a", "b", "c"]);
});

test("a reader that discards messages, of any size, still reads control frames", () => {
  const { reader, seen, violations } = readerOf();
  reader.push(frame(0x01, Buffer.from("begun")));
  reader.discard();
  reader.push(frame(0x80, Buffer.alloc(5000)));
  reader.push(frame(0x89, Buffer.from("x")));
  reader.push(frame(0x81, Buffer.alloc(70_000)));
  reader.push(frame(0x88, Buffer.alloc(0)));
  expect(violations).toEqual([]);
  expect(seen).toEqual(["ping x", "close "]);
});

test.each([
  { name: "16 bits for what 7 hold", head: [0x81, 0xfe, 0x00, 0x7d] },
  { name: "64 bits for what 16 hold", head: [0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff] },
])("a length in $name is refused (RFC 6455, 5.2)", ({ head }) => {
  const { reader, violations } = readerOf({ messageBytesMax: 1_000_000, framesMax: 1 });
  reader.push(Buffer.from([...head, 0, 0, 0, 0]));
  expect(violations).toMatchObject([{ code: 1002 }]);
});

test("a frame that could never fit is refused by its head alone", () => {
  const { reader, violations } = readerOf();
  reader.push(
    Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
  );
  expect(violations).toMatchObject([{ code: 1009 }]);
});
