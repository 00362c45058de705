/** A stream is cut behind its events: the pieces together are the stream, however it came. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { EventCutter } from "#dialects/relay/event-cutter.ts";

const stream = ": hi\r\n\r\ndata: a\n\nevent: x\rdata: b\r\r\n\ndata: c\r\n\r\ndata: rest";

test("each piece ends with the blank line behind an event, whatever ends its lines", () => {
  const cutter = new EventCutter();
  expect(cutter.push(Buffer.from(stream)).map(String)).toEqual([
    ": hi\r\n\r\n",
    "data: a\n\n",
    "event: x\rdata: b\r\r\n",
    "\n",
    "data: c\r\n\r\n",
  ]);
  expect(cutter.rest().toString()).toBe("data: rest");
});

test("cut into any chunks, no byte is lost, added or moved", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("\r", "\n", "d", "é", ":", "\n\n", "\r\n\r\n"), { maxLength: 60 }),
      fc.array(fc.nat(20), { maxLength: 60 }),
      (texts, sizes) => {
        const bytes = Buffer.from(texts.join(""));
        const cutter = new EventCutter();
        const pieces: Buffer[] = [];
        let at = 0;
        for (const size of sizes) {
          pieces.push(...cutter.push(bytes.subarray(at, at + size)));
          at += size;
        }
        pieces.push(...cutter.push(bytes.subarray(at)), cutter.rest());
        expect(Buffer.concat(pieces)).toEqual(bytes);
      },
    ),
  );
});

test("where lines end with LF, events are cut at the same places however the bytes come", () => {
  const texts = fc.array(fc.constantFrom("\n", "d", "é", ": c", "\n\n", "data: a\n\n"), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(texts, fc.integer({ min: 2, max: 40 }), (parts, size) => {
      const bytes = Buffer.from(parts.join(""));
      const cut = (step: number) => {
        const cutter = new EventCutter();
        const pieces: string[] = [];
        for (let at = 0; at < bytes.length; at += step) {
          pieces.push(...cutter.push(bytes.subarray(at, at + step)).map(String));
        }
        return [...pieces, cutter.rest().toString()];
      };
      expect(cut(size)).toEqual(cut(1));
    }),
  );
});

test("an event beyond the bound is refused, in one piece and in many, of comments too", () => {
  expect(() => new EventCutter(8).push(Buffer.from("data: 123"))).toThrow(/more than 8 bytes/);
  const cutter = new EventCutter(8);
  cutter.push(Buffer.from(": x\n"));
  cutter.push(Buffer.from(": y\n"));
  expect(() => cutter.push(Buffer.from(":"))).toThrow(/more than 8 bytes/);
  const last = new EventCutter(8);
  last.push(Buffer.from("data: 1"));
  expect(() => last.push(Buffer.from("2\n\n"))).toThrow(/more than 8 bytes/);
  expect(new EventCutter(8).push(Buffer.from("data:1\n\n"))).toHaveLength(1);
});
