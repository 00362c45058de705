import { describe, expect, test } from "vitest";
import { ByteAccount } from "#core/byte-account.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { SlabPool } from "#http2/output.ts";
import { Sender } from "#http2/sender.ts";
import { Stream } from "#http2/stream.ts";
import { framesIn } from "../../support/http2-peers.ts";

const windowBytesDefault = 65_535;
const windowBytesMax = 2 ** 31 - 1;

function senderOn(budget = new ByteBudget(1e9)) {
  const account = new ByteAccount(budget, { owner: "", bytesMax: 1e9, shed: () => {} });
  const sender = new Sender<Stream>(new SlabPool(), account, {
    onEndSent: () => {},
    onWritable: () => {},
  });
  return { sender, account };
}

describe("a window that the peer opens", () => {
  test("of the connection may reach 2^31-1 and not a byte more", () => {
    const { sender } = senderOn();
    expect(sender.growWindow(windowBytesMax - windowBytesDefault)).toBe(true);
    expect(sender.growWindow(1)).toBe(false);
  });

  test("of a stream may reach 2^31-1 and not a byte more", () => {
    const { sender } = senderOn();
    const stream = new Stream(1);
    expect(sender.growStreamWindow(stream, windowBytesMax)).toBe(true);
    expect(sender.growStreamWindow(stream, 1)).toBe(false);
  });
});

describe("what waits in queues", () => {
  test("counts until it is sent or forgotten", () => {
    const budget = new ByteBudget(1e9);
    const { sender, account } = senderOn(budget);
    const [sent, forgotten] = [new Stream(1), new Stream(3)];
    sender.data(sent, Buffer.alloc(30_000), false, 1e6);
    sender.data(forgotten, Buffer.alloc(20_000), false, 1e6);
    expect([sender.queuedBytes, account.heldBytes, budget.heldBytes]).toEqual([
      50_000, 50_000, 50_000,
    ]);
    sender.growStreamWindow(sent, 12_345);
    sender.pull(1e6);
    expect([sender.queuedBytes, budget.heldBytes]).toEqual([37_655, 37_655]);
    sender.forget(forgotten);
    expect([sender.queuedBytes, budget.heldBytes]).toEqual([17_655, 17_655]);
    sender.growStreamWindow(sent, 1e6);
    sender.pull(1e6);
    expect([sender.queuedBytes, budget.heldBytes]).toEqual([0, 0]);
    expect(sender.sentBytes).toBe(30_000);
  });

  test("takes memory by its bytes, however small its pieces are, and is sent as it came", () => {
    const { sender } = senderOn();
    const stream = new Stream(1);
    const random = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
    const sizes = [1, 3, 5000, 2, 2, 1, 2048, 7, 20_000];
    let at = 0;
    for (let turn = 0; at < random.length; turn += 1) {
      const size = turn < 1000 ? (turn % 20) + 1 : (sizes[turn % sizes.length] ?? 1);
      sender.data(stream, random.subarray(at, Math.min(at + size, random.length)), false, 1e6);
      at += size;
      if (turn % 100 === 99) {
        sender.growStreamWindow(stream, 50);
        sender.pull(1e6);
      }
    }
    const memory = new Set(stream.queue?.map(({ buffer }) => buffer));
    expect(stream.queue?.length).toBeLessThan(40);
    expect(memory.size).toBeLessThan(40);
    sender.growStreamWindow(stream, 1e6);
    sender.growWindow(1e6);
    sender.pull(1e6);
    const body = framesIn(Buffer.concat(sender.output.take())).map(({ payload }) => payload);
    expect(Buffer.concat(body).equals(random)).toBe(true);
  });

  test("is the payload itself, however many streams send the same", () => {
    const { sender } = senderOn();
    const page = Buffer.alloc(100_000);
    const streams = Array.from({ length: 250 }, (_, index) => new Stream(2 * index + 1));
    for (const stream of streams) sender.data(stream, page, true, 1e6);
    for (const stream of streams) expect(stream.queue?.[0]).toBe(page);
  });
});

test("DATA that is tiny because the peer's windows are is no progress", () => {
  const { sender } = senderOn();
  const stream = new Stream(1);
  sender.data(stream, Buffer.alloc(30_000), true, 1e6);
  for (let count = 0; count < 10; count += 1) {
    sender.growStreamWindow(stream, 100);
    sender.pull(1e6);
  }
  expect([sender.sentBytes, sender.messageFrames]).toEqual([1000, 0]);
  sender.growStreamWindow(stream, 256);
  sender.pull(1e6);
  expect(sender.messageFrames).toBe(1);
});
