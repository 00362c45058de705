import { expect, test } from "vitest";
import { Stream } from "#http2/stream.ts";
import { StreamTable } from "#http2/stream-table.ts";

test("a stream is found while it is open, and how it closed afterwards", () => {
  const table = new StreamTable<Stream>(true);
  const stream = new Stream(1);
  table.highestPeerId = 1;
  table.add(stream);
  expect(table.find(1)).toBe(stream);
  table.remove(stream, "reset_by_peer");
  expect(table.find(1)).toBeUndefined();
  expect(table.closingOf(1)).toBe("reset_by_peer");
  expect(table.size).toBe(0);
});

test("each of several streams is found, in whichever order they are asked for", () => {
  const table = new StreamTable<Stream>(true);
  const streams = [1, 3, 5].map((id) => new Stream(id));
  for (const stream of streams) table.add(stream);
  for (const id of [5, 1, 3, 3, 1, 5]) expect(table.find(id)?.id).toBe(id);
  expect([table.size, [...table.values()]]).toEqual([3, streams]);
  table.remove(streams[1] as Stream, "ended");
  expect([table.find(3), table.find(1)?.id, table.find(7)]).toEqual([undefined, 1, undefined]);
  expect([table.closingOf(3), table.closingOf(1), table.closingOf(7)]).toEqual([
    "ended",
    undefined,
    undefined,
  ]);
});

test("all streams may be closed while they are gone through", () => {
  const table = new StreamTable<Stream>(true);
  for (const id of [1, 3, 5, 7, 9]) table.add(new Stream(id));
  for (const stream of table.values()) table.remove(stream, "ended");
  expect([table.size, [...table.values()]]).toEqual([0, []]);
});

test("the memory of closed streams is bounded, and says so", () => {
  const table = new StreamTable<Stream>(true);
  for (let id = 1; id < 2 * 128; id += 2) table.rememberClosing(id, "reset_by_us");
  expect(table.hasForgotten).toBe(false);
  expect(table.closingOf(1)).toBe("reset_by_us");
  table.rememberClosing(257, "reset_by_us");
  expect(table.hasForgotten).toBe(true);
  expect(table.closingOf(1)).toBeUndefined();
  expect(table.closingOf(257)).toBe("reset_by_us");
});

const idle = [
  { name: "a server's peer has not used a higher odd one", isServer: true, id: 7, expected: true },
  { name: "a server's peer has used the highest odd one", isServer: true, id: 5, expected: false },
  { name: "a client has not used those above its next", isServer: false, id: 7, expected: true },
  { name: "a server's peer may have used a lower odd one", isServer: true, id: 3, expected: false },
  { name: "a server opens no even one", isServer: true, id: 2, expected: true },
  { name: "a client has not used its next one", isServer: false, id: 5, expected: true },
  { name: "a client has used the one before", isServer: false, id: 3, expected: false },
  { name: "a client's peer has pushed nothing", isServer: false, id: 2, expected: true },
] as const;

for (const { name, isServer, id, expected } of idle) {
  test(`idle: ${name}`, () => {
    const table = new StreamTable<Stream>(isServer);
    if (isServer) table.highestPeerId = 5;
    else table.nextLocalId = 5;
    expect(table.isIdle(id)).toBe(expected);
  });
}
