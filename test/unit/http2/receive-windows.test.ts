import { describe, expect, test } from "vitest";
import { ByteAccount } from "#core/byte-account.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { defaultLimits } from "#http2/limits.ts";
import { ReceiveWindows } from "#http2/receive-windows.ts";
import { dataOf, greetedServer, headersOf, requestFields } from "../../support/http2-peers.ts";

const limits = { ...defaultLimits, connectionWindowBytes: 100_000, unreadBytesMax: 50_000 };

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
