import { expect, test } from "vitest";
import { BodyTooLargeError } from "#http/body-too-large.ts";
import { type BodySource, IncomingBody, own } from "#http/incoming-body.ts";

class Source implements BodySource {
  bytes = 0;
  error: Error | undefined;

  consumed(bytes: number): void {
    this.bytes += bytes;
  }

  broken(): Error | undefined {
    return this.error;
  }
}

test("a body that is here is taken without waiting, once", () => {
  const body = new IncomingBody();
  const source = new Source();
  body.add(Buffer.from("a"), source);
  expect(body.takeWhole()).toBeUndefined();
  body.add(Buffer.from("b"), source);
  body.end();
  expect(body.takeWhole()?.toString()).toBe("ab");
  expect(body.takeWhole()?.length).toBe(0);
});

test("a reader of the whole body lets its sender go on; one of pieces only as it takes them", async () => {
  const [whole, pieces] = [new Source(), new Source()];
  const [first, second] = [new IncomingBody(), new IncomingBody()];
  first.add(Buffer.from("abc"), whole);
  second.add(Buffer.from("abc"), pieces);
  const read = first.read(10, whole);
  const iterator = second.pieces(10, pieces);
  first.add(Buffer.from("de"), whole);
  second.add(Buffer.from("de"), pieces);
  expect([whole.bytes, pieces.bytes]).toEqual([5, 0]);
  expect((await iterator.next()).value?.toString()).toBe("abc");
  expect(pieces.bytes).toBe(3);
  first.end();
  expect((await read).toString()).toBe("abcde");
});

test("past its limit a body is refused, read whole or in pieces", async () => {
  const source = new Source();
  const whole = new IncomingBody();
  whole.add(Buffer.alloc(11), source);
  await expect(whole.read(10, source)).rejects.toBeInstanceOf(BodyTooLargeError);
  const pieces = new IncomingBody();
  pieces.add(Buffer.alloc(10), source);
  pieces.add(Buffer.alloc(1), source);
  const iterator = pieces.pieces(10, source);
  expect((await iterator.next()).value?.length).toBe(10);
  await expect(iterator.next()).rejects.toBeInstanceOf(BodyTooLargeError);
});

test.each(["before", "while"])(
  "a body that turns out too large %s it is read is dropped, and its sender granted no more",
  async (when) => {
    const source = new Source();
    const body = new IncomingBody();
    if (when === "before") body.add(Buffer.alloc(11), source);
    const read = body.read(10, source);
    if (when === "while") body.add(Buffer.alloc(11), source);
    await expect(read).rejects.toBeInstanceOf(BodyTooLargeError);
    for (let more = 0; more < 9; more += 1) body.add(Buffer.alloc(100), source);
    body.end();
    expect([source.bytes, body.takeWhole()?.length]).toEqual([11, 0]);
  },
);

test("a break reaches the reader behind what came before it", async () => {
  const source = new Source();
  const body = new IncomingBody();
  body.add(Buffer.from("a"), source);
  source.error = new Error("gone");
  body.break(source);
  const iterator = body.pieces(10, source);
  expect((await iterator.next()).value?.toString()).toBe("a");
  await expect(iterator.next()).rejects.toThrow("gone");
});

test("small parts of large reads are copied before they are kept, other pieces are not", () => {
  const read = Buffer.alloc(64 * 1024);
  const small = read.subarray(0, 100);
  const large = read.subarray(0, 20_000);
  expect(own(small).buffer).not.toBe(read.buffer);
  expect(own(small)).toEqual(small);
  expect(own(large)).toBe(large);
});

test("tiny pieces that wait are put together, in order", async () => {
  const body = new IncomingBody(true);
  const source = new Source();
  const bytes = Buffer.from("0123456789".repeat(1000));
  body.add(Buffer.alloc(300, "x"), source);
  for (const byte of bytes) body.add(Buffer.of(byte), source);
  body.add(Buffer.alloc(300, "y"), source);
  body.end();
  const pieces: Buffer[] = [];
  for await (const piece of body.pieces(20_000, source)) pieces.push(piece);
  expect(pieces.map(({ length }) => length)).toEqual([300, 4096, 4096, 1808, 300]);
  expect(Buffer.concat(pieces.slice(1, -1)).equals(bytes)).toBe(true);
  expect(source.bytes).toBe(10_600);
});

test("tiny pieces are there for their reader at once", async () => {
  const body = new IncomingBody(true);
  const source = new Source();
  const iterator = body.pieces(100, source);
  for (const text of ["a", "b", "c"]) {
    body.add(Buffer.from(text), source);
    expect((await iterator.next()).value?.toString()).toBe(text);
  }
  for (const text of ["d", "e", "f"]) body.add(Buffer.from(text), source);
  expect((await iterator.next()).value?.toString()).toBe("d");
  expect((await iterator.next()).value?.toString()).toBe("ef");
  body.add(Buffer.from("g"), source);
  body.add(Buffer.from("h"), source);
  body.end();
  expect((await iterator.next()).value?.toString()).toBe("g");
  expect((await iterator.next()).value?.toString()).toBe("h");
  expect((await iterator.next()).done).toBe(true);
});

test("the whole of a body has its tiny pieces where they came", async () => {
  const body = new IncomingBody(true);
  const source = new Source();
  const parts = ["x".repeat(300), "a", "b", "y".repeat(300), "c", "d"];
  for (const part of parts) body.add(Buffer.from(part), source);
  body.end();
  expect(body.takeWhole()?.toString()).toBe(parts.join(""));
});
