import { describe, expect, test } from "vitest";
import { ByteAccount } from "#core/byte-account.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { defaultLimits } from "#http2/limits.ts";
import { ReceiveWindows } from "#http2/receive-windows.ts";
import { dataOf, greetedServer, headersOf, requestFields } from "../../support/http2-peers.ts";

const limits = { ...defaultLimits, connectionWindowBytes: 100_000, unreadBytesMax: 50_000 };

/** A stream whose peer may send so much; all of what came was read. */
const open = (receiveOpen: number, unreadBytes = 0) => ({
  receiveOpen,
  receiveOwed: 0,
  receiveLent: 0,
  unreadBytes,
});

function windowsOn(budget: ByteBudget) {
  const account = new ByteAccount(budget, { owner: "", bytesMax: 1e9, shed: () => {} });
  const windows = new ReceiveWindows(limits, account);
  windows.open();
  return { account, windows };
}

describe("two windows on one budget", () => {
  test("what one holds too much stops the other's credit, and its release restores that", () => {
    const budget = new ByteBudget(1000);
    const [a, b] = [windowsOn(budget), windowsOn(budget)];
    a.account.add(1001);
    expect(b.windows.received(60_000)).toBe(0);
    expect(b.windows.lift(0)).toBe(0);
    a.account.release(1);
    expect(b.windows.lift(0)).toBe(60_000);
  });

  test("what one holds within the bound leaves the other its credit", () => {
    const budget = new ByteBudget(1000);
    const [a, b] = [windowsOn(budget), windowsOn(budget)];
    a.account.add(1000);
    expect(b.windows.received(60_000)).toBe(60_000);
  });
});

test("bodies that nobody asked for stop the credit of their own connection, up to a byte", () => {
  const { windows } = windowsOn(new ByteBudget(1e9));
  windows.lay(50_001);
  expect(windows.received(60_000)).toBe(0);
  expect(windows.lift(1)).toBe(60_000);
});

test("a connection's window is open until its last byte", () => {
  const { windows } = windowsOn(new ByteBudget(1e9));
  windows.lay(60_000);
  expect(windows.received(99_999)).toBe(0);
  expect(windows.isOpen).toBe(true);
  expect(windows.received(1)).toBe(0);
  expect(windows.isOpen).toBe(false);
  expect(windows.received(1)).toBe(-1);
});

describe("a connection's window", () => {
  const withWindow = (connectionWindowBytes: number) =>
    new ReceiveWindows(
      { ...limits, connectionWindowBytes },
      new ByteAccount(new ByteBudget(1e9), { owner: "", bytesMax: 1e9, shed: () => {} }),
    );

  test("is opened from the default to what is configured, once", () => {
    const windows = withWindow(100_000);
    expect([windows.open(), windows.open()]).toEqual([100_000 - 65_535, 0]);
  });

  test("is never smaller than the default, which no peer can be told", () => {
    const windows = withWindow(1_000);
    expect(windows.open()).toBe(0);
    expect(windows.received(65_535)).toBe(65_535);
  });

  test("gives back only what it owes", () => {
    const { windows } = windowsOn(new ByteBudget(1e9));
    expect(windows.lift(0)).toBe(0);
    windows.lay(10);
    expect(windows.received(49_999)).toBe(0);
    expect(windows.lift(10)).toBe(0);
    expect(windows.received(1)).toBe(50_000);
  });
});

describe("a stream's window", () => {
  const of = (streamWindowBytes: number) =>
    new ReceiveWindows(
      { ...limits, streamWindowBytes },
      new ByteAccount(new ByteBudget(1e9), { owner: "", bytesMax: 1e9, shed: () => {} }),
    );

  test("is at least the default until the peer knows ours, and then ours", () => {
    const windows = of(1_000);
    expect(windows.streamBytes).toBe(65_535);
    expect([windows.acknowledge(), windows.acknowledge()]).toEqual([64_535, 0]);
    expect(windows.streamBytes).toBe(1_000);
  });

  test("that is larger than the default is there from the start", () => {
    const windows = of(100_000);
    expect([windows.streamBytes, windows.acknowledge(), windows.streamBytes]).toEqual([
      100_000, 0, 100_000,
    ]);
  });

  test("is given back in halves of it", () => {
    const stream = open(0);
    const windows = of(1_000);
    expect([windows.consumed(stream, 499), windows.consumed(stream, 1)]).toEqual([0, 500]);
  });
});

describe("measuring", () => {
  const streamWindowBytes = 80_000;
  const windowsUpTo = (
    windowBytesMax: number,
    connectionWindowBytes = 100_000,
    lentBytesMax = 1e6,
  ) => {
    const account = new ByteAccount(new ByteBudget(1e9), {
      owner: "",
      bytesMax: 1e9,
      shed: () => {},
    });
    const windows = new ReceiveWindows(
      { ...limits, streamWindowBytes, windowBytesMax, connectionWindowBytes, lentBytesMax },
      account,
    );
    windows.open();
    return windows;
  };
  /** Windows that may be of 140,000 bytes from now on. */
  const grown = (lentBytesMax: number) => {
    const windows = windowsUpTo(1e6, 1e6, lentBytesMax);
    windows.startMeasuring(open(0), 0);
    windows.received(70_000);
    windows.finishMeasuring(10);
    return windows;
  };

  test("begins with a body that has used up a quarter of its window, and not sooner", () => {
    expect(windowsUpTo(1e6).startMeasuring(open(60_001), 0)).toBe(false);
    expect(windowsUpTo(1e6).startMeasuring(open(60_000), 0)).toBe(true);
  });

  test("is left alone where windows may not grow", () => {
    expect(windowsUpTo(80_000).startMeasuring(open(0), 0)).toBe(false);
    expect(windowsUpTo(80_001).startMeasuring(open(0), 0)).toBe(true);
  });

  test("is one PING at a time", () => {
    const windows = windowsUpTo(1e6);
    expect([0, 1, 1_000].map((ms) => windows.startMeasuring(open(0), ms))).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("says nothing where no PING was out", () => {
    expect(windowsUpTo(1e6).finishMeasuring(10)).toBe(0);
  });

  test("grows the connection's window to what the path held, and leaves the first one of streams", () => {
    const windows = windowsUpTo(1e6);
    windows.received(50_000);
    windows.startMeasuring(open(0), 0);
    windows.received(70_000);
    expect(windows.finishMeasuring(10)).toBe(40_000);
    windows.acknowledge();
    expect(windows.streamBytes).toBe(80_000);
    expect([windows.received(69_999), windows.received(70_001)]).toEqual([0, 140_000]);
    expect(windows.received(140_001)).toBe(-1);
    expect(windows.finishMeasuring(20)).toBe(0);
  });

  test("leaves a connection's window alone that is larger than its streams' become", () => {
    const windows = windowsUpTo(1e6, 1_000_000);
    windows.startMeasuring(open(0), 0);
    windows.received(70_000);
    expect(windows.finishMeasuring(10)).toBe(0);
    expect(windows.consumed(open(0), 40_000)).toBe(40_000 + 60_000);
  });

  test("grows nothing for what was not enough", () => {
    const windows = windowsUpTo(1e6);
    windows.startMeasuring(open(0), 0);
    windows.received(50_000);
    expect(windows.finishMeasuring(10)).toBe(0);
    expect(windows.consumed(open(0), 40_000)).toBe(40_000);
    expect(windows.startMeasuring(open(0), 10)).toBe(true);
  });

  test("grows nothing for a reader that leaves more than half a window lying", () => {
    const windows = [40_000, 40_001].map((bytes) => {
      const one = windowsUpTo(1e6);
      one.startMeasuring(open(0, bytes), 0);
      one.received(70_000);
      return one.finishMeasuring(10);
    });
    expect(windows).toEqual([40_000, 0]);
  });

  test("lends nothing to a reader that leaves more than half a window lying", () => {
    const windows = grown(1e6);
    expect(windows.consumed(open(0, 40_001), 40_000)).toBe(40_000);
    expect(windows.consumed(open(0, 40_000), 40_000)).toBe(100_000);
  });

  test("lends half of what is left, and has it back when a stream ends", () => {
    const windows = grown(100_000);
    const [first, second, third] = [open(0), open(0), open(0)];
    expect(windows.consumed(first, 40_000)).toBe(40_000 + 50_000);
    expect(windows.consumed(second, 40_000)).toBe(40_000 + 25_000);
    windows.ended(first);
    windows.ended(first);
    expect(windows.consumed(third, 40_000)).toBe(40_000 + 37_500);
  });

  test("lends a stream no more than the window that it should have, in one or in several parts", () => {
    const windows = grown(100_000);
    const [large, small] = [open(0), open(0)];
    windows.consumed(large, 40_000);
    windows.consumed(small, 40_000);
    windows.ended(large);
    expect(windows.consumed(small, 52_500)).toBe(52_500 + 35_000);
    expect([small.receiveLent, small.receiveOpen]).toEqual([60_000, 40_000 + 52_500 + 60_000]);
    expect(windows.consumed(small, 70_000)).toBe(70_000);
  });
});

test("bodies of all connections count until they are used, given up or broken off", () => {
  const buffers = new ByteBudget(1e9);
  const [reads, drops, breaks] = [1, 2, 3].map(() => greetedServer({}, { buffers }));
  for (const server of [reads, drops, breaks]) {
    if (server !== undefined) server.consumes = false;
    server?.receive(headersOf(1, requestFields, false), 0);
    server?.receive(dataOf(1, Buffer.alloc(10_000), false), 0);
  }
  const full = buffers.heldBytes;
  expect(full).toBeGreaterThan(30_000);
  const streamOf = (server: typeof reads) => server?.streams.get(1);
  const [read, dropped] = [streamOf(reads), streamOf(drops)];
  if (read !== undefined) reads?.connection.consume(read, 10_000);
  expect(buffers.heldBytes).toBe(full - 10_000);
  if (dropped !== undefined) drops?.connection.drop(dropped, 10_000);
  expect(buffers.heldBytes).toBe(full - 20_000);
  for (const server of [reads, drops, breaks]) server?.connection.abort();
  expect(buffers.heldBytes).toBe(0);
});
