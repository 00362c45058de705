/** Messages come out whole however the body was cut, and nothing is held beyond the limit. */

import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Deframer } from "#grpc/deframer.ts";
import { envelope } from "#protocol/envelope.ts";

const messages = ["", "one", "x".repeat(300), "", "last"];
const body = Buffer.concat(messages.map((text) => envelope(0, Buffer.from(text))));

function drain(deframer: Deframer): string[] {
  const taken: string[] = [];
  for (let next = deframer.next(); next !== undefined; next = deframer.next()) {
    taken.push(Buffer.from(next.payload).toString());
  }
  return taken;
}

test.each([1, 2, 4, 5, 6, 7, 100, 10_000])("cut every %d bytes", (size) => {
  const deframer = new Deframer(300);
  const taken: string[] = [];
  for (let at = 0; at < body.length; at += size) {
    deframer.push(body.subarray(at, at + size));
    taken.push(...drain(deframer));
  }
  expect(taken).toEqual(messages);
  expect(deframer.isEmpty).toBe(true);
});

test("half a message is told apart from none", () => {
  const deframer = new Deframer(300);
  deframer.push(body.subarray(0, 7));
  expect(drain(deframer)).toEqual([""]);
  expect(deframer.isEmpty).toBe(false);
});

const refused = [
  { name: "a length over the limit", bytes: [0, 0, 0, 1, 45], code: Code.ResourceExhausted },
  { name: "a length that lies", bytes: [0, 255, 255, 255, 255], code: Code.ResourceExhausted },
  { name: "flags that nobody knows", bytes: [2, 0, 0, 0, 0], code: Code.Internal },
  {
    name: "the flag of another protocol's trailers",
    bytes: [128, 0, 0, 0, 0],
    code: Code.Internal,
  },
] as const;
test.each(refused)("$name is refused by its prefix alone", ({ bytes, code }) => {
  const deframer = new Deframer(300);
  deframer.push(Buffer.from(bytes));
  expect(() => deframer.next()).toThrow(expect.objectContaining({ code }));
});
