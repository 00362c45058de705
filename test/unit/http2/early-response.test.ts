/** A response that is whole before its request: clients that still send have to get it. */

import { describe, expect, test } from "vitest";
import { errorCode } from "#http2/error-code.ts";
import { flag, frameType } from "#http2/frames.ts";
import type { ConnectionLimits } from "#http2/limits.ts";
import type { FieldList } from "#http2/stream.ts";
import {
  dataOf,
  frameOf,
  greetedServer,
  headersOf,
  number32,
  type Recorder,
  requestFields,
  type SeenFrame,
} from "../../support/http2-peers.ts";

/** A server that answers every request with 404 as soon as its head is there. */
function hasty(limits: Partial<ConnectionLimits> = {}): Recorder {
  const server = greetedServer(limits);
  server.react = (event, stream) => {
    if (event.on === "head") server.connection.respond(stream, 404, [], true);
  };
  return server;
}

function resetsIn(frames: readonly SeenFrame[]): { id: number; code: number }[] {
  return frames
    .filter(({ type }) => type === frameType.rstStream)
    .map(({ id, payload }) => ({ id, code: payload.readUInt32BE() }));
}

/** Bytes that a stream was granted beside its first window. */
function grantedIn(frames: readonly SeenFrame[], id: number): number {
  return frames
    .filter((frame) => frame.type === frameType.windowUpdate && frame.id === id)
    .reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0);
}

function begin(server: Recorder, fields: FieldList = []): SeenFrame[] {
  server.receive(headersOf(1, [...requestFields, ...fields], false), 0);
  return server.frames();
}

describe("after an early response", () => {
  test("the call is over for its handler, and no reset has been sent", () => {
    const server = hasty();
    const frames = begin(server);
    expect(frames[0]).toMatchObject({ type: frameType.headers, id: 1 });
    expect((frames[0]?.flags ?? 0) & flag.endStream).toBe(flag.endStream);
    expect(resetsIn(frames)).toEqual([]);
    expect(server.events.at(-1)).toMatchObject({ on: "close", code: errorCode.noError });
    expect(server.connection.openStreams).toBe(0);
  });

  test("the client has a window for the rest: some read nothing before they have sent it all", () => {
    const streamWindowBytes = 100_000;
    const server = hasty({ streamWindowBytes });
    const frames = begin(server, [["content-length", "5000000"]]);
    expect(grantedIn(frames, 1)).toBe(5_000_000 - streamWindowBytes);
    expect(grantedIn(begin(hasty({ streamWindowBytes })), 1)).toBe((64 << 20) - streamWindowBytes);
    expect(grantedIn(begin(hasty(), [["content-length", "5000"]]), 1)).toBe(0);
  });

  test.each([
    ["DATA", dataOf(1, "", true)],
    ["trailers", headersOf(1, [["a", "b"]], true)],
    ["a reset", frameOf(frameType.rstStream, 0, 1, number32(errorCode.cancel))],
  ])("a client that ends with %s is not reset", (_, end) => {
    const server = hasty();
    begin(server, [["content-length", "5000"]]);
    server.receive(dataOf(1, Buffer.alloc(100), false), 0);
    server.receive(end, 0);
    for (let second = 1; second < 40; second += 1) server.connection.tick(second * 1000);
    expect(resetsIn(server.frames())).toEqual([]);
    expect(server.connection.failure).toBeUndefined();
  });

  test.each([
    ["DATA after its end", [dataOf(1, "", true), dataOf(1, "x", false)], errorCode.streamClosed],
    [
      "DATA after its reset",
      [frameOf(frameType.rstStream, 0, 1, number32(8)), dataOf(1, "x", false)],
      errorCode.streamClosed,
    ],
    ["trailers that do not end it", [headersOf(1, [["a", "b"]], false)], errorCode.protocolError],
    [
      "trailers with a pseudo field",
      [headersOf(1, [[":path", "/"]], true)],
      errorCode.protocolError,
    ],
    [
      "a WINDOW_UPDATE of zero",
      [frameOf(frameType.windowUpdate, 0, 1, number32(0))],
      errorCode.protocolError,
    ],
    [
      "a WINDOW_UPDATE too many",
      [65_535, 0x7fff_ffff].map((bytes) => frameOf(frameType.windowUpdate, 0, 1, number32(bytes))),
      errorCode.flowControlError,
    ],
  ])("a client that sends %s breaks a rule all the same", (_, frames, code) => {
    const server = hasty();
    begin(server);
    server.receive(Buffer.concat(frames), 0);
    expect(resetsIn(server.frames())).toEqual([{ id: 1, code }]);
  });

  test("what still comes is discarded, and its connection's window credited", () => {
    const server = hasty();
    begin(server);
    for (let count = 0; count < 100; count += 1) {
      server.receive(dataOf(1, Buffer.alloc(16_000), false), 0);
    }
    expect(server.bodyBytes).toBe(0);
    expect(grantedIn(server.frames(), 0)).toBeGreaterThan(1_000_000);
    expect(server.connection.heldBytes).toBe(0);
  });

  test("a client that falls silent is reset with NO_ERROR after five seconds", () => {
    const server = hasty();
    begin(server);
    server.connection.tick(4999);
    expect(resetsIn(server.frames())).toEqual([]);
    server.connection.tick(5000);
    expect(resetsIn(server.frames())).toEqual([{ id: 1, code: errorCode.noError }]);
    server.receive(dataOf(1, "late", false), 6000);
    expect(resetsIn(server.frames())).toEqual([]);
  });

  test("a client that goes on and on is reset after thirty seconds", () => {
    const server = hasty();
    begin(server);
    const resets: number[] = [];
    for (let second = 1; second <= 31; second += 1) {
      server.receive(dataOf(1, Buffer.alloc(1000), false), second * 1000);
      server.connection.tick(second * 1000);
      if (resetsIn(server.frames()).length > 0) resets.push(second);
    }
    expect(resets).toEqual([30]);
  });

  test("a client that sends more than the rest may be is reset", () => {
    const server = hasty({ lingerBytesMax: 50_000 });
    begin(server);
    for (let count = 0; count < 5; count += 1) {
      server.receive(dataOf(1, Buffer.alloc(10_000), false), 0);
    }
    expect(resetsIn(server.frames())).toEqual([]);
    server.receive(dataOf(1, "x", false), 0);
    expect(resetsIn(server.frames())).toEqual([{ id: 1, code: errorCode.noError }]);
  });

  test("of more such streams than may be open the oldest is reset", () => {
    const server = hasty({ concurrentStreamsMax: 3 });
    for (const id of [1, 3, 5, 7]) server.receive(headersOf(id, requestFields, false), 0);
    expect(resetsIn(server.frames())).toEqual([{ id: 1, code: errorCode.noError }]);
  });
});
