import { describe, expect, test } from "vitest";
import { partsOfOne } from "#core/body-progress.ts";
import { BodyRefusedError } from "#http/body-refused.ts";
import { BodyTooLargeError } from "#http/body-too-large.ts";
import { type BodySource, IncomingBody } from "#http/incoming-body.ts";

class Source implements BodySource {
  /** What its sender was granted. */
  kept = (bytes: number): void => {
    this.granted += bytes;
  };
  granted = 0;
  gone = 0;
  used = 0;
  messages = 0;
  error: Error | undefined;

  understood(messages: number, bytes: number): void {
    this.messages += messages;
    this.used += bytes;
  }

  dropped(bytes: number): void {
    this.gone += bytes;
  }

  broken(): Error | undefined {
    return this.error;
  }
}

test("a body that is here is taken without waiting, once", () => {
  const body = new IncomingBody();
  const source = new Source();
  body.add(Buffer.from("a"), source, false);
  expect(body.takeWhole()).toBeUndefined();
  body.add(Buffer.from("b"), source, false);
  body.end();
  expect(body.takeWhole()?.toString()).toBe("ab");
  expect(body.takeWhole()?.length).toBe(0);
});

test("a reader of the whole body lets its sender go on; one of pieces only as it takes them", async () => {
  const [whole, pieces] = [new Source(), new Source()];
  const [first, second] = [new IncomingBody(), new IncomingBody()];
  first.add(Buffer.from("abc"), whole, true);
  second.add(Buffer.from("abc"), pieces, true);
  const read = first.read(10, whole);
  const iterator = second.pieces(10, pieces);
  first.add(Buffer.from("de"), whole, true);
  second.add(Buffer.from("de"), pieces, true);
  expect([whole.granted, pieces.granted]).toEqual([5, 0]);
  expect((await iterator.next()).value?.toString()).toBe("abc");
  expect(pieces.granted).toBe(3);
  first.end();
  expect((await read).toString()).toBe("abcde");
});

test.each([
  ["of which the start says the length", 300_000],
  ["that is longer than its start says", 1_000],
  ["that is shorter than its start says", 2_000_000],
  ["that says more than there may be", Number.MAX_SAFE_INTEGER],
  ["that does not say how long it is", undefined],
])("a body %s is read whole", async (_, told) => {
  const source = new Source();
  const body = new IncomingBody();
  const starts: number[] = [];
  const read = body.read(3_000_000, source, undefined, (start) => {
    starts.push(start.length);
    return told;
  });
  const sent = Buffer.from(Uint8Array.from({ length: 300_000 }, (__, at) => at % 251));
  for (let at = 0; at < sent.length; at += 16_384) {
    body.add(sent.subarray(at, at + 16_384), source, true);
  }
  body.end();
  const whole = await read;
  expect(whole.equals(sent)).toBe(true);
  expect(whole.buffer.byteLength).toBe(sent.length);
  expect(starts).toEqual([16_384]);
});

test("past its limit a body is refused, read whole or in pieces", async () => {
  const source = new Source();
  const whole = new IncomingBody();
  whole.add(Buffer.alloc(11), source, true);
  await expect(whole.read(10, source)).rejects.toBeInstanceOf(BodyTooLargeError);
  const pieces = new IncomingBody();
  pieces.add(Buffer.alloc(10), source, true);
  pieces.add(Buffer.alloc(1), source, true);
  const iterator = pieces.pieces(10, source);
  expect((await iterator.next()).value?.length).toBe(10);
  await expect(iterator.next()).rejects.toBeInstanceOf(BodyTooLargeError);
});

test("a body of as many bytes as it may have is taken, in one piece and in several", async () => {
  const source = new Source();
  const body = new IncomingBody();
  const read = body.read(10, source);
  body.add(Buffer.alloc(9), source, true);
  body.add(Buffer.alloc(1), source, true);
  body.end();
  expect((await read).length).toBe(10);
});

test("a reader that leaves before anything came, or after all did, leaves what there is to nobody", async () => {
  const source = new Source();
  const early = new IncomingBody();
  const waiting = early.pieces(100, source);
  early.add(Buffer.alloc(5), source, true);
  await waiting.next();
  await waiting.return(undefined);
  early.add(Buffer.alloc(7), source, true);
  expect([early.waitingBytes, source.gone]).toEqual([0, 7]);
  const late = new IncomingBody();
  for (const size of [5000, 6000]) late.add(Buffer.alloc(size), source, true);
  late.end();
  const leaving = late.pieces(20_000, source);
  expect((await leaving.next()).value?.length).toBe(5000);
  await leaving.return(undefined);
  expect([late.waitingBytes, source.gone]).toEqual([0, 6007]);
});

test("a break wakes a reader that waits for a piece", async () => {
  const source = new Source();
  const body = new IncomingBody();
  const next = body.pieces(10, source).next();
  source.error = new Error("gone");
  body.break(source);
  await expect(next).rejects.toThrow("gone");
});

test.each(["before", "while"])(
  "a body that turns out too large %s it is read is dropped, and its sender granted no more",
  async (when) => {
    const source = new Source();
    const body = new IncomingBody();
    if (when === "before") body.add(Buffer.alloc(11), source, true);
    const read = body.read(10, source);
    if (when === "while") body.add(Buffer.alloc(11), source, true);
    await expect(read).rejects.toBeInstanceOf(BodyTooLargeError);
    for (let more = 0; more < 9; more += 1) body.add(Buffer.alloc(100), source, true);
    body.end();
    expect([source.granted, source.gone]).toEqual([11, 911]);
  },
);

describe("a body that is refused", () => {
  test.each(["before", "while", "in pieces while"])(
    "%s it is read fails its reader",
    async (when) => {
      const source = new Source();
      const body = new IncomingBody();
      const read =
        when === "in pieces while" ? body.pieces(100, source).next() : body.read(100, source);
      const reading = when === "before" ? undefined : read;
      read.catch(() => {});
      const late = when === "before" ? new IncomingBody() : body;
      late.add(Buffer.alloc(9), source, true);
      expect(late.refuse(new BodyRefusedError("late"), source)).toBe(true);
      const failing = reading ?? late.read(100, source);
      await expect(failing).rejects.toMatchObject({ reason: "late" });
      late.add(Buffer.alloc(5), source, true);
      expect(source.gone).toBe(14);
      expect(late.refuse(new BodyRefusedError("late"), source)).toBe(false);
    },
  );

  test("is not taken for an empty one when its end comes", async () => {
    const source = new Source();
    const body = new IncomingBody();
    body.add(Buffer.alloc(9), source, true);
    body.refuse(new BodyRefusedError("buffers_full"), source);
    body.end();
    expect(body.takeWhole()).toBeUndefined();
    await expect(body.read(100, source)).rejects.toMatchObject({ reason: "buffers_full" });
  });

  test("is none when it is whole already", () => {
    const source = new Source();
    const body = new IncomingBody();
    body.add(Buffer.from("a"), source, true);
    body.end();
    expect(body.refuse(new BodyRefusedError("buffers_full"), source)).toBe(false);
    expect(body.takeWhole()?.toString()).toBe("a");
  });
});

test("a break reaches the reader after what came before it", async () => {
  const source = new Source();
  const body = new IncomingBody();
  body.add(Buffer.from("a"), source, true);
  source.error = new Error("gone");
  body.break(source);
  const iterator = body.pieces(10, source);
  expect((await iterator.next()).value?.toString()).toBe("a");
  await expect(iterator.next()).rejects.toThrow("gone");
});

test("a reader of pieces that leaves early leaves nothing in memory, and what comes is dropped", async () => {
  const source = new Source();
  const body = new IncomingBody();
  for (let piece = 0; piece < 3; piece += 1) body.add(Buffer.alloc(5000), source, true);
  for await (const piece of body.pieces(20_000, source)) {
    expect(piece.length).toBe(5000);
    break;
  }
  body.add(Buffer.alloc(7), source, true);
  expect([source.granted, source.gone, body.waitingBytes]).toEqual([5000, 10_007, 0]);
});

describe("pieces that wait", () => {
  /** Memory that a piece keeps. */
  const heldBy = (piece: Buffer | undefined) => piece?.buffer.byteLength ?? 0;

  test("hold no more than five times their bytes of the reads that brought them", async () => {
    const source = new Source();
    const body = new IncomingBody();
    for (const size of [10_000, 20_000, 3000]) {
      body.add(Buffer.alloc(64 * 1024).subarray(0, size), source, true);
    }
    for await (const piece of body.pieces(40_000, source)) {
      expect(heldBy(piece)).toBeLessThanOrEqual(5 * piece.length);
      if (piece.length === 3000) break;
    }
  });

  test("are put together when they are tiny: memory goes by the bytes, not by the pieces", async () => {
    const source = new Source();
    const body = new IncomingBody();
    const bytes = Buffer.from("0123456789".repeat(10_000));
    for (const byte of bytes) body.add(Buffer.of(byte), source, true);
    body.end();
    const pieces: Buffer[] = [];
    for await (const piece of body.pieces(200_000, source)) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
    const buffers = new Set(pieces.map(({ buffer }) => buffer));
    const held = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(pieces.length).toBeLessThan(20);
    expect(held).toBeLessThan(2 * bytes.length);
  });

  test("are the whole body in the order in which they came", () => {
    const body = new IncomingBody();
    const source = new Source();
    const parts = ["x".repeat(3000), "a", "b", "y".repeat(3000), "c", "d"];
    for (const part of parts) body.add(Buffer.from(part), source, true);
    body.end();
    expect(body.takeWhole()?.toString()).toBe(parts.join(""));
  });
});

describe("a reader of pieces", () => {
  test("that makes messages of them gets each at once", async () => {
    const body = new IncomingBody();
    const source = new Source();
    const iterator = body.pieces(100, source);
    for (const text of ["a", "b", "c"]) {
      body.add(Buffer.from(text), source, true);
      expect((await iterator.next()).value?.toString()).toBe(text);
    }
    for (const text of ["d", "e", "f"]) body.add(Buffer.from(text), source, true);
    expect((await iterator.next()).value?.toString()).toBe("d");
    expect((await iterator.next()).value?.toString()).toBe("ef");
    body.end();
    expect((await iterator.next()).done).toBe(true);
  });

  test("that wants one thing gets tiny parts together, and the last of them at the end", async () => {
    const body = new IncomingBody();
    const source = new Source();
    const pieces: number[] = [];
    const reading = (async () => {
      for await (const piece of body.pieces(50_000, source, partsOfOne)) pieces.push(piece.length);
    })();
    for (let count = 0; count < 40_000; count += 1) {
      body.add(Buffer.from("a"), source, true);
      await Promise.resolve();
    }
    body.end();
    await reading;
    expect(pieces.length).toBeLessThan(25);
    expect(pieces.reduce((sum, length) => sum + length)).toBe(40_000);
    expect([source.messages, source.used]).toEqual([0, 0]);
  });

  test("tells of messages and of the bytes they were made of, once they are made", async () => {
    const body = new IncomingBody();
    const source = new Source();
    const progress = { messages: 0, isBetween: true };
    const iterator = body.pieces(1000, source, progress);
    body.add(Buffer.alloc(300), source, true);
    await iterator.next();
    body.add(Buffer.alloc(200), source, true);
    await iterator.next();
    expect([source.messages, source.used]).toEqual([0, 0]);
    progress.messages = 2;
    body.add(Buffer.alloc(1), source, true);
    await iterator.next();
    expect([source.messages, source.used]).toEqual([2, 500]);
  });

  test("that fails holds nothing of the message that it had begun", async () => {
    const body = new IncomingBody();
    const source = new Source();
    const iterator = body.pieces(1000, source, { messages: 0, isBetween: false });
    body.add(Buffer.alloc(300), source, true);
    await iterator.next();
    body.add(Buffer.alloc(200), source, true);
    await iterator.next();
    body.add(Buffer.alloc(100), source, true);
    body.refuse(new BodyRefusedError("buffers_full"), source);
    expect([source.used, source.gone]).toEqual([500, 100]);
    await expect(iterator.next()).rejects.toMatchObject({ reason: "buffers_full" });
  });

  test("waits for its sender only within a message", async () => {
    const body = new IncomingBody();
    const source = new Source();
    const progress = { messages: 0, isBetween: true };
    const next = body.pieces(1000, source, progress).next();
    expect(body.isAwaited).toBe(false);
    progress.isBetween = false;
    expect(body.isAwaited).toBe(true);
    body.add(Buffer.of(1), source, true);
    await next;
    expect(body.isAwaited).toBe(false);
  });
});

test("a reader of the whole waits for its sender until it is there", async () => {
  const body = new IncomingBody();
  const source = new Source();
  expect(body.isAwaited).toBe(false);
  const read = body.read(10, source);
  expect(body.isAwaited).toBe(true);
  body.end();
  await read;
  expect(body.isAwaited).toBe(false);
});

describe("memory of what came", () => {
  const whole = (size: number) => Buffer.allocUnsafeSlow(size).fill("a");

  test("is not used on once a reader wants all of it, but for a small piece that may be all", () => {
    const body = new IncomingBody();
    const source = new Source();
    const read = body.read(100_000, source);
    expect(body.add(whole(20_000), source, true)).toBe(false);
    expect(body.add(whole(10), source, true)).toBe(false);
    body.end();
    const small = new IncomingBody();
    void small.read(100_000, source);
    expect(small.add(whole(10), source, true)).toBe(true);
    return expect(read).resolves.toEqual(Buffer.alloc(20_010, "a"));
  });

  test("is used on where a piece is the whole body, as its head says, or is read in pieces", async () => {
    const body = new IncomingBody();
    const source = new Source();
    const piece = whole(20_000);
    const read = body.read(100_000, source, 20_000);
    expect(body.add(piece, source, true)).toBe(true);
    body.end();
    expect((await read).buffer).toBe(piece.buffer);
    expect(new IncomingBody().add(whole(20_000), source, true)).toBe(true);
  });

  test("is not used on by a reader that has failed", async () => {
    const body = new IncomingBody();
    const source = new Source();
    const read = body.read(10, source);
    expect(body.add(whole(11), source, true)).toBe(false);
    await expect(read).rejects.toThrow(BodyTooLargeError);
    expect(body.add(whole(20_000), source, true)).toBe(false);
  });

  test.each([20_003, 100_000])(
    "taken whole is the body's own, however it came, with %i expected",
    async (bytesAll) => {
      const body = new IncomingBody();
      const source = new Source();
      body.add(Buffer.from("abc"), source, true);
      const read = body.read(100_000, source, bytesAll);
      for (let count = 0; count < 10; count += 1) body.add(whole(2000), source, true);
      body.end();
      const all = await read;
      expect([all.length, all.buffer.byteLength]).toEqual([20_003, 20_003]);
      expect(all.toString()).toBe(`abc${"a".repeat(20_000)}`);
    },
  );
});
