import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { HeldBytes } from "#core/held-bytes.ts";
import { reasonOf } from "#errors/fault.ts";
import {
  bytesNeeded,
  type Coding,
  codingNames,
  codingOf,
  smallBytesMax,
} from "#protocol/compression.ts";
import { Decompressor } from "#protocol/decompressor.ts";
import { rejection } from "../../support/call.ts";
import { PeakBudget } from "../../support/peak-budget.ts";

const names = codingNames.split(",");
const never = new AbortController().signal;
const megabyte = 1 << 20;
const reading = { messageBytesMax: 1000, malformedCode: Code.InvalidArgument };
const large = { ...reading, messageBytesMax: megabyte };

function known(name: string) {
  const coding = codingOf(name);
  if (coding === undefined) throw new Error(`${name} is not known`);
  return {
    ...coding,
    /** Few are compressed here at one time, so none is refused. */
    compress: async (bytes: Uint8Array) => (await coding.compress(bytes)) ?? bytes,
  };
}

/** A decompressor with a budget, and recipients that share it. */
function setUp(bytesMax = 10 * megabyte, waitMs?: number) {
  const budget = new PeakBudget(bytesMax);
  const recipient = (signal = never) => ({ source: { signal }, held: new HeldBytes(budget) });
  return { budget, recipient, decompressor: new Decompressor(budget, waitMs) };
}

/** A coding whose decompression ends when it is told to. */
function paused() {
  const running: PromiseWithResolvers<Uint8Array>[] = [];
  const coding: Coding = {
    name: "gzip",
    compress: () => Promise.reject(new Error("not asked for")),
    decompress() {
      const job = Promise.withResolvers<Uint8Array>();
      running.push(job);
      return job.promise;
    },
  };
  return { coding, running };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe.each(names)("%s", (name) => {
  test("gives back what it was given, up to the limit and no byte further", async () => {
    const { decompressor, recipient } = setUp();
    const coding = known(name);
    const whole = Buffer.alloc(1000, "ab");
    const compressed = await coding.compress(whole);
    expect(compressed.length).toBeLessThan(100);
    const bytes = await decompressor.decompressed(coding, compressed, reading, recipient());
    expect(Buffer.compare(bytes, whole)).toBe(0);
    const over = await coding.compress(Buffer.alloc(1001));
    const error = await rejection(decompressor.decompressed(coding, over, reading, recipient()));
    expect([error.code, reasonOf(error)]).toEqual([Code.ResourceExhausted, "BODY_TOO_LARGE"]);
  });

  test.each([smallBytesMax - 1, smallBytesMax, smallBytesMax + 1, megabyte])(
    "a message of %d bytes comes out whole, and its bytes are held",
    async (length) => {
      const { budget, decompressor, recipient } = setUp();
      const coding = known(name);
      const whole = Buffer.alloc(length, "abc");
      const to = recipient();
      const bytes = await decompressor.decompressed(
        coding,
        await coding.compress(whole),
        large,
        to,
      );
      expect(Buffer.compare(bytes, whole)).toBe(0);
      expect(to.held.bytes).toBeGreaterThanOrEqual(length);
      expect(to.held.bytes).toBeLessThan(length + 4 * smallBytesMax);
      expect(budget.heldBytes).toBe(to.held.bytes);
      to.held[Symbol.dispose]();
      expect(budget.heldBytes).toBe(0);
    },
  );

  test("a byte over a limit that is not small is refused", async () => {
    const { budget, decompressor, recipient } = setUp();
    const over = await known(name).compress(Buffer.alloc(megabyte + 1));
    const error = await rejection(decompressor.decompressed(known(name), over, large, recipient()));
    expect(reasonOf(error)).toBe("BODY_TOO_LARGE");
    expect(budget.heldBytes).toBe(0);
  });

  test("bytes that are not its own are refused with the protocol's code", async () => {
    const { budget, decompressor, recipient } = setUp();
    const garbage = Buffer.from("not compressed at all");
    const error = await rejection(
      decompressor.decompressed(known(name), garbage, large, recipient()),
    );
    expect([error.code, reasonOf(error)]).toEqual([Code.InvalidArgument, "BODY_MALFORMED"]);
    expect(budget.heldBytes).toBe(0);
  });

  test("a message cut off is refused", async () => {
    const { decompressor, recipient } = setUp();
    const whole = await known(name).compress(Buffer.from(Array.from({ length: 200 }, (_, i) => i)));
    const error = await rejection(
      decompressor.decompressed(known(name), whole.subarray(0, -9), reading, recipient()),
    );
    expect(reasonOf(error)).toBe("BODY_MALFORMED");
  });

  test("an empty message may be called compressed", async () => {
    const { decompressor, recipient } = setUp();
    const none = new Uint8Array(0);
    expect(await decompressor.decompressed(known(name), none, reading, recipient())).toHaveLength(
      0,
    );
  });
});

test("a compressed message without a coding is INTERNAL in every protocol", async () => {
  const { decompressor, recipient } = setUp();
  const bytes = Buffer.from("x");
  const error = await rejection(decompressor.decompressed(undefined, bytes, reading, recipient()));
  expect([error.code, reasonOf(error)]).toEqual([Code.Internal, "BODY_MALFORMED"]);
  expect(error.rawMessage).toBe("a message is compressed, but no coding was named");
});

test("a frame of zstd that asks for 128 MB to remember is refused", async () => {
  const { decompressor, recipient } = setUp();
  // Magic number, no content size, a window of 2^27 bytes, one raw block of one byte.
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x09, 0x00, 0x00, 0x61]);
  const error = await rejection(
    decompressor.decompressed(known("zstd"), frame, large, recipient()),
  );
  expect(reasonOf(error)).toBe("BODY_MALFORMED");
  frame[5] = 0x68;
  const bytes = await decompressor.decompressed(known("zstd"), frame, large, recipient());
  expect(Buffer.from(bytes).toString()).toBe("a");
});

describe("the budget", () => {
  test("is taken before a byte is decompressed, and given back but for the message", async () => {
    const { budget, decompressor, recipient } = setUp();
    const { coding, running } = paused();
    const to = recipient();
    const message = decompressor.decompressed(coding, Buffer.alloc(1), reading, to);
    await settled();
    expect(running).toHaveLength(1);
    expect(budget.heldBytes).toBe(bytesNeeded(1000));
    running[0]?.resolve(new Uint8Array(700));
    await message;
    expect(budget.heldBytes).toBe(700);
  });

  test("is needed in full only by messages that turn out not to be small", async () => {
    const { budget, decompressor, recipient } = setUp(bytesNeeded(megabyte));
    budget.add(bytesNeeded(megabyte) - bytesNeeded(smallBytesMax));
    const small = await known("br").compress(Buffer.from("a small message"));
    expect(await decompressor.decompressed(known("br"), small, large, recipient())).toHaveLength(
      15,
    );
  });

  test("never has more held of it than there is, and all in line get their turn", async () => {
    const { budget, decompressor, recipient } = setUp(2 * bytesNeeded(megabyte));
    const compressed = await known("gzip").compress(Buffer.alloc(megabyte));
    const all = Array.from({ length: 40 }, async () => {
      const to = recipient();
      await decompressor.decompressed(known("gzip"), compressed, large, to);
      await settled();
      to.held[Symbol.dispose]();
    });
    await Promise.all(all);
    expect(budget.peakBytes).toBeLessThanOrEqual(budget.bytesMax);
    expect(budget.peakBytes).toBeGreaterThan(budget.bytesMax / 2);
    expect(budget.heldBytes).toBe(0);
  });

  test("that is too small for a message by itself is taken whole", async () => {
    const { budget, decompressor, recipient } = setUp(megabyte);
    const compressed = await known("gzip").compress(Buffer.alloc(megabyte));
    const to = recipient();
    const bytes = await decompressor.decompressed(known("gzip"), compressed, large, to);
    expect(bytes).toHaveLength(megabyte);
    expect(budget.peakBytes).toBe(megabyte);
    to.held[Symbol.dispose]();
    expect(budget.heldBytes).toBe(0);
  });

  test("that stays full has those in line refused, with the limit named", async () => {
    const { budget, decompressor, recipient } = setUp(megabyte, 20);
    budget.add(megabyte);
    const bytes = Buffer.alloc(1);
    const error = await rejection(
      decompressor.decompressed(known("gzip"), bytes, reading, recipient()),
    );
    expect([error.code, reasonOf(error)]).toEqual([Code.ResourceExhausted, "OVERLOADED"]);
    expect(error.message).toContain("the server holds as many bytes of requests as it may");
    expect(budget.heldBytes).toBe(megabyte);
  });
});

describe("at one time", () => {
  test("four messages are decompressed, the others in their order", async () => {
    const { decompressor, recipient } = setUp();
    const { coding, running } = paused();
    const order: number[] = [];
    const all = Array.from({ length: 7 }, async (_, index) => {
      await decompressor.decompressed(coding, Buffer.alloc(1), reading, recipient());
      order.push(index);
    });
    await settled();
    expect(running).toHaveLength(4);
    running[2]?.resolve(new Uint8Array(1));
    await settled();
    expect(running).toHaveLength(5);
    for (let index = 0; index < 7; index += 1) {
      running[index]?.resolve(new Uint8Array(1));
      await settled();
    }
    await Promise.all(all);
    expect(order).toEqual([2, 0, 1, 3, 4, 5, 6]);
  });

  test("a failure makes room for the next", async () => {
    const { budget, decompressor, recipient } = setUp();
    const { coding, running } = paused();
    const all = Array.from({ length: 5 }, () =>
      decompressor.decompressed(coding, Buffer.alloc(1), reading, recipient()),
    );
    await settled();
    running[0]?.reject(new Error("not its own"));
    expect(reasonOf(await rejection(all[0] as Promise<unknown>))).toBe("BODY_MALFORMED");
    expect(running).toHaveLength(5);
    for (const job of running) job.resolve(new Uint8Array(0));
    await Promise.all(all.slice(1));
    expect(budget.heldBytes).toBe(0);
  });
});

describe("a recipient that leaves", () => {
  const gone = new Error("the client left");

  test("before is refused with its reason", async () => {
    const { budget, decompressor, recipient } = setUp(1);
    budget.add(1);
    const message = decompressor.decompressed(
      known("gzip"),
      Buffer.alloc(1),
      reading,
      recipient(AbortSignal.abort(gone)),
    );
    await expect(message).rejects.toBe(gone);
  });

  test("while it waits for memory leaves the line, and its turn to others", async () => {
    const { budget, decompressor, recipient } = setUp(megabyte);
    const { coding, running } = paused();
    budget.add(megabyte);
    const leaving = new AbortController();
    const waiting = Array.from({ length: 4 }, () =>
      decompressor.decompressed(coding, Buffer.alloc(1), reading, recipient(leaving.signal)),
    );
    const other = decompressor.decompressed(coding, Buffer.alloc(1), reading, recipient());
    await settled();
    leaving.abort(gone);
    for (const message of waiting) await expect(message).rejects.toBe(gone);
    budget.release(megabyte);
    await settled();
    expect(running).toHaveLength(1);
    running[0]?.resolve(new Uint8Array(0));
    await other;
    expect(budget.heldBytes).toBe(0);
  });

  test("while it waits for its turn leaves the line", async () => {
    const { budget, decompressor, recipient } = setUp();
    const { coding, running } = paused();
    const leaving = new AbortController();
    const first = Array.from({ length: 4 }, () =>
      decompressor.decompressed(coding, Buffer.alloc(1), reading, recipient()),
    );
    const waiting = decompressor.decompressed(
      coding,
      Buffer.alloc(1),
      reading,
      recipient(leaving.signal),
    );
    await settled();
    leaving.abort(gone);
    await expect(waiting).rejects.toBe(gone);
    for (const job of running) job.resolve(new Uint8Array(0));
    await Promise.all(first);
    expect(running).toHaveLength(4);
    expect(budget.heldBytes).toBe(0);
  });

  test("while its message is decompressed holds nothing of it afterwards", async () => {
    const { budget, decompressor, recipient } = setUp();
    const { coding, running } = paused();
    const to = recipient();
    const message = decompressor.decompressed(coding, Buffer.alloc(1), reading, to);
    await settled();
    to.held[Symbol.dispose]();
    expect(budget.heldBytes).toBe(bytesNeeded(1000));
    running[0]?.resolve(new Uint8Array(700));
    await message;
    expect(budget.heldBytes).toBe(0);
  });
});
