import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { frameReader } from "#dialects/frame-reader.ts";

/** Frames of a text that comes in pieces of `size` bytes. */
function framesOf(framing: "sse" | "ndjson", text: string, size = 1_000_000) {
  const reader = frameReader(framing);
  const bytes = Buffer.from(text);
  const frames = [];
  for (let at = 0; at < bytes.length; at += size)
    frames.push(...reader.push(bytes.subarray(at, at + size)));
  return [...frames, ...reader.end()];
}

const sse =
  '\ufeff: hello\r\nevent: a\r\ndata: {"x":"ä😀"}\r\n\r\ndata:1\ndata: 2\nid: 7\n\ndata: a\rdata: b\r\revent: none\n\ndata\n\ndata: cut';
const wholeFrames = [
  { event: "a", data: '{"x":"ä😀"}' },
  { data: "1\n2" },
  { data: "a\nb" },
  { data: "" },
];

describe("server-sent events", () => {
  it("are read as the standard says, and one that is not whole is none", () => {
    expect(framesOf("sse", sse)).toEqual(wholeFrames);
  });

  it("are the same in pieces of any size", () => {
    for (let size = 1; size < 20; size += 1)
      expect(framesOf("sse", sse, size)).toEqual(wholeFrames);
  });

  it("are refused once a line, or an event, is too long", () => {
    const line = frameReader("sse", 100);
    expect(() => line.push(Buffer.from(`data: ${"x".repeat(200)}`))).toThrow(/100 bytes/);
    const event = frameReader("sse", 100);
    expect(() => event.push(Buffer.from("data: 0123456789\n".repeat(20)))).toThrow(/100 bytes/);
  });

  it("that come byte by byte take no more memory than their bytes", () => {
    const reader = frameReader("sse");
    const held = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    const before = held();
    for (let count = 0; count < 1_000_000; count += 1) reader.push(Buffer.from("x"));
    expect(held() - before).toBeLessThan(50 << 20);
  });
});

it("any stream of events reads the same in pieces of any size", () => {
  const part = fc.constantFrom(
    ...['data: {"a":1}\n\n', "data: ä😀\n\n", "data:x\n\n", "data: a\ndata: b\n\n"],
    ...["event: a\ndata: b\n\n", ": c\n\n", "\n", "\r", "\r\n", "data: ", "d", "data: a\rb\n\n"],
  );
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 40 }),
      fc.integer({ min: 2, max: 200 }),
      (parts, size) => {
        expect(framesOf("sse", parts.join(""), size)).toEqual(framesOf("sse", parts.join(""), 1));
      },
    ),
  );
});

describe("lines of JSON", () => {
  const lines = '{"a":1}\n\n{"b":"ä😀"}\r\n{"c":3}';

  it("need no end after the last one", () => {
    for (let size = 1; size < 12; size += 1) {
      expect(framesOf("ndjson", lines, size)).toEqual([
        { data: '{"a":1}' },
        { data: '{"b":"ä😀"}' },
        { data: '{"c":3}' },
      ]);
    }
  });
});

it.each(["\n", "\r", "\r\n"])(
  "however short lines are that end in %j, each octet is looked at a few times",
  (end) => {
    const chunk = Buffer.from(`:${end}`.repeat(5_000));
    let looks = 0;
    const indexOf = Buffer.prototype.indexOf;
    const spy = vi.spyOn(Buffer.prototype, "indexOf").mockImplementation(function (
      this: Buffer,
      value,
      from,
    ) {
      const start = Number(from ?? 0);
      const found = indexOf.call(this, value, start);
      looks += (found < 0 ? this.length : found + 1) - start;
      return found;
    });
    try {
      frameReader("sse").push(chunk);
    } finally {
      spy.mockRestore();
    }
    expect(looks).toBeGreaterThanOrEqual(chunk.length);
    expect(looks).toBeLessThan(4 * chunk.length);
  },
);
