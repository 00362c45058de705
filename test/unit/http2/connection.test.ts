import { describe, expect, test } from "vitest";
import { BufferPool, isLent } from "#core/buffer-pool.ts";
import { errorCode } from "#http2/error-code.ts";
import { clientPreface, flag, frameType } from "#http2/frames.ts";
import { defaultLimits } from "#http2/limits.ts";
import { settingId } from "#http2/settings.ts";
import type { FieldList } from "#http2/stream.ts";
import {
  blockOf,
  dataOf,
  frameOf,
  framesIn,
  greetedServer,
  headersOf,
  number32,
  opening,
  Recorder,
  requestFields,
  settingsOf,
  settle,
} from "../../support/http2-peers.ts";

const nothing = Buffer.alloc(0);
const ok: FieldList = [["content-type", "application/grpc"]];
const head = { method: "POST", scheme: "http", authority: "test", path: "/a" };

function greetedPair(): { client: Recorder; server: Recorder } {
  const client = new Recorder("client");
  const server = new Recorder("server");
  settle(client, server);
  return { client, server };
}

describe("a call", () => {
  test("goes up with a body and comes down with trailers, and both sides close it", () => {
    const { client, server } = greetedPair();
    server.react = (event, stream) => {
      if (event.on !== "end") return;
      server.connection.respond(stream, 200, ok, false);
      server.connection.data(stream, Buffer.from("answer"), false);
      server.connection.trailers(stream, [["grpc-status", "0"]]);
    };
    const stream = client.connection.openStream(head, [["te", "trailers"]], false);
    client.connection.data(stream, Buffer.from("question"), true);
    settle(client, server);
    expect(server.events).toEqual([
      { on: "head", id: 1, head: "POST http://test/a te=trailers" },
      { on: "body", id: 1, bytes: "question" },
      { on: "end", id: 1, trailers: "" },
      { on: "close", id: 1, by: "nobody", code: 0 },
    ]);
    expect(client.events).toEqual([
      { on: "head", id: 1, head: "200 content-type=application/grpc" },
      { on: "body", id: 1, bytes: "answer" },
      { on: "end", id: 1, trailers: "grpc-status=0" },
      { on: "close", id: 1, by: "nobody", code: 0 },
    ]);
    expect(client.connection.openStreams + server.connection.openStreams).toBe(0);
  });

  test("costs a response head of two field bytes and trailers of one from the second time on", () => {
    const server = greetedServer();
    server.react = (event, stream) => {
      if (event.on !== "end") return;
      server.connection.respond(stream, 200, ok, false);
      server.connection.trailers(stream, [["grpc-status", "0"]]);
    };
    for (const id of [1, 3]) server.connection.receive(headersOf(id, requestFields, true), 0);
    const sizes = server.frames().map(({ payload }) => payload.length);
    expect(sizes.slice(2)).toEqual([2, 1]);
  });

  test("may be answered by informational heads before the final one", () => {
    const { client, server } = greetedPair();
    server.react = (event, stream) => {
      if (event.on !== "end") return;
      server.connection.respond(stream, 103, [["link", "</a>"]], false);
      server.connection.respond(stream, 204, [], true);
    };
    client.connection.openStream(head, [], true);
    settle(client, server);
    const heads = client.events.filter(({ on }) => on === "head");
    expect(heads).toEqual([
      { on: "head", id: 1, head: "103 link=</a>" },
      { on: "head", id: 1, head: "204" },
    ]);
  });

  test("whose head is larger than a frame arrives whole", () => {
    const { client, server } = greetedPair();
    client.connection.openStream(head, [["x-long", "é".repeat(15_000)]], true);
    settle(client, server);
    expect(server.events[0]).toMatchObject({ on: "head" });
    expect(server.streams.get(1)?.fields[0]?.value).toBe("é".repeat(15_000));
  });
});

describe("flow control", () => {
  test("a body larger than the window waits for it, then arrives whole", () => {
    const { client, server } = greetedPair();
    server.consumes = false;
    const body = Buffer.alloc(600_000, "x");
    const stream = client.connection.openStream(head, [], false);
    expect(client.connection.data(stream, body, true)).toBe(false);
    settle(client, server);
    expect(server.bodyBytes).toBe(256 * 1024);
    const peer = server.streams.get(1);
    if (peer !== undefined) server.connection.consume(peer, 256 * 1024);
    server.consumes = true;
    settle(client, server);
    expect(server.bodyBytes).toBe(600_000);
    expect(client.writable).toEqual([1]);
    expect(server.events.map(({ on }) => on)).toContain("end");
  });

  test("what waits for a window holds no lent memory for long, and arrives as it was", () => {
    const { client, server } = greetedPair();
    client.consumes = false;
    const memory = new BufferPool(64 * 1024);
    const payloads = Array.from({ length: 40 }, (_, index) => {
      const { at } = memory.withRoom(20_000);
      return memory.lend(at, at + 20_000).fill(index);
    });
    const bytes = Buffer.concat(payloads);
    server.react = (event, stream) => {
      if (event.on !== "end") return;
      server.connection.respond(stream, 200, ok, false);
      for (const payload of payloads) server.connection.data(stream, payload, false);
      server.connection.trailers(stream, []);
    };
    client.connection.openStream(head, [], true);
    settle(client, server);
    expect(client.bodyBytes).toBe(256 * 1024);
    // The first sees that something was sent, the second that nothing was.
    server.connection.tick(1000);
    server.connection.tick(2000);
    // The one of which a part was sent may still be read by the socket.
    expect(payloads.slice(14).filter(isLent)).toEqual([]);
    for (const payload of payloads.slice(14)) payload.fill("-");
    client.consumes = true;
    const stream = client.streams.get(1);
    if (stream !== undefined) client.connection.consume(stream, 256 * 1024);
    settle(client, server);
    const body = client.events.flatMap((event) => (event.on === "body" ? [event.bytes] : []));
    expect(Buffer.from(body.join(""), "latin1").equals(bytes)).toBe(true);
  });

  test("a stream that nobody reads does not hold up another", () => {
    const { client, server } = greetedPair();
    server.consumes = false;
    for (let index = 0; index < 6; index += 1) {
      const stalled = client.connection.openStream(head, [], false);
      client.connection.data(stalled, Buffer.alloc(300_000), true);
    }
    settle(client, server);
    const small = client.connection.openStream(head, [], false);
    client.connection.data(small, Buffer.from("small"), true);
    settle(client, server);
    expect(server.events).toContainEqual({ on: "end", id: small.id, trailers: "" });
  });

  test("unread bodies past their limit hold up the connection, until one is read or given up", () => {
    const client = new Recorder("client");
    const server = new Recorder("server", {
      unreadBytesMax: 400_000,
      connectionWindowBytes: 65_535,
    });
    settle(client, server);
    server.consumes = false;
    const streams = [1, 3, 5].map(() => {
      const stream = client.connection.openStream(head, [], false);
      client.connection.data(stream, Buffer.alloc(200_000), true);
      return stream;
    });
    settle(client, server);
    expect(server.bodyBytes).toBeGreaterThanOrEqual(400_000);
    expect(server.bodyBytes).toBeLessThan(400_000 + 65_535 + 16_384);
    if (streams[0] !== undefined) client.connection.reset(streams[0], errorCode.cancel);
    settle(client, server);
    expect(server.events.filter(({ on }) => on === "end").length).toBeGreaterThanOrEqual(2);
  });

  test("streams take turns: a small one is through before a large one that began first", () => {
    const { client, server } = greetedPair();
    const order: number[] = [];
    server.react = ({ on, id }) => {
      if (on === "end") order.push(id);
    };
    const large = client.connection.openStream(head, [], false);
    client.connection.data(large, Buffer.alloc(200_000), true);
    const small = client.connection.openStream(head, [], false);
    client.connection.data(small, Buffer.alloc(20_000), true);
    settle(client, server);
    expect(order).toEqual([small.id, large.id]);
  });

  test("padding is credited back at once", () => {
    const server = greetedServer();
    server.connection.receive(headersOf(1, requestFields, false), 0);
    const padded = frameOf(
      frameType.data,
      flag.padded,
      1,
      Buffer.concat([Buffer.of(255), Buffer.from("x"), Buffer.alloc(255)]),
    );
    for (let index = 0; index < 2000; index += 1) server.connection.receive(padded, 0);
    expect(server.connection.failure).toBeUndefined();
    const credited = server
      .frames()
      .filter(({ type, id }) => type === frameType.windowUpdate && id === 1)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0);
    expect(credited).toBeGreaterThan(2000 * 257 - 256 * 1024);
  });

  test("an end without bytes needs no window", () => {
    const client = new Recorder("client");
    const server = new Recorder("server", { streamWindowBytes: 0 });
    settle(client, server);
    const stream = client.connection.openStream(head, [], false);
    client.connection.data(stream, nothing, true);
    settle(client, server);
    expect(server.events).toContainEqual({ on: "end", id: 1, trailers: "" });
  });

  test("a window that SETTINGS lowered below zero has to be filled up before more is sent", () => {
    const server = greetedServer();
    server.connection.receive(headersOf(1, requestFields, true), 0);
    const stream = server.streams.get(1);
    if (stream === undefined) throw new Error("no stream");
    server.connection.respond(stream, 200, [], false);
    server.connection.data(stream, Buffer.alloc(65_535), false);
    server.output();
    const lower = frameOf(frameType.settings, 0, 0, settingsOf([settingId.initialWindowSize, 100]));
    server.connection.receive(lower, 0);
    expect(stream.sendWindow).toBe(100 - 65_535);
    server.connection.data(stream, Buffer.from("late"), true);
    const grow = (by: number) => frameOf(frameType.windowUpdate, 0, 1, number32(by));
    server.connection.receive(frameOf(frameType.windowUpdate, 0, 0, number32(1000)), 0);
    server.connection.receive(grow(65_435), 0);
    expect(server.frames().filter(({ type }) => type === frameType.data)).toEqual([]);
    server.connection.receive(grow(4), 0);
    expect(
      server
        .frames()
        .find(({ type }) => type === frameType.data)
        ?.payload.toString(),
    ).toBe("late");
  });

  test("trailers stay behind the body that waits", () => {
    const { client, server } = greetedPair();
    server.react = (event, stream) => {
      if (event.on !== "end") return;
      server.connection.respond(stream, 200, [], false);
      server.connection.data(stream, Buffer.alloc(400_000), false);
      server.connection.trailers(stream, [["grpc-status", "0"]]);
    };
    client.connection.openStream(head, [], true);
    settle(client, server);
    expect(client.bodyBytes).toBe(400_000);
    expect(client.events.at(-2)).toEqual({ on: "end", id: 1, trailers: "grpc-status=0" });
  });

  test("a reset drops what is queued", () => {
    const { client, server } = greetedPair();
    const stream = client.connection.openStream(head, [], false);
    client.connection.data(stream, Buffer.alloc(400_000), true);
    client.connection.reset(stream, errorCode.cancel);
    settle(client, server);
    expect(server.bodyBytes).toBe(0);
    expect(server.events.at(-1)).toEqual({
      on: "close",
      id: 1,
      by: "peer",
      code: errorCode.cancel,
    });
  });

  test("a fast sender gets no larger windows from a reader that does not read", () => {
    const { client, server } = greetedPair();
    server.consumes = false;
    const stream = client.connection.openStream(head, [], false);
    client.connection.data(stream, Buffer.alloc(4_000_000), true);
    for (let round = 0; round < 20; round += 1) settle(client, server, 10 * round);
    expect(server.bodyBytes).toBe(256 * 1024);
  });

  test("a fast sender gets larger windows", () => {
    const { client, server } = greetedPair();
    let nowMs = 0;
    const stream = client.connection.openStream(head, [], false);
    for (let round = 0; round < 40; round += 1) {
      client.connection.data(stream, Buffer.alloc(256 * 1024), false);
      while (client.connection.hasOutput || server.connection.hasOutput) {
        nowMs += 10;
        const up = client.output();
        if (up.length > 0) server.connection.receive(up, nowMs);
        const down = server.output();
        if (down.length > 0) client.connection.receive(down, nowMs + 10);
      }
    }
    expect(stream.sendWindow).toBeGreaterThan(256 * 1024);
    expect(server.connection.failure).toBeUndefined();
  });
});

const get: FieldList = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
];

const connectionErrors = [
  {
    name: "a preface that is none",
    bytes: Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    raw: true,
    code: errorCode.protocolError,
  },
  {
    name: "a first frame that is no SETTINGS",
    bytes: Buffer.concat([clientPreface, frameOf(frameType.ping, 0, 0, Buffer.alloc(8))]),
    raw: true,
    code: errorCode.protocolError,
  },
  { name: "DATA on an idle stream", bytes: dataOf(1, "x", false), code: errorCode.protocolError },
  {
    name: "RST_STREAM on an idle stream",
    bytes: frameOf(frameType.rstStream, 0, 1, number32(8)),
    code: errorCode.protocolError,
  },
  {
    name: "WINDOW_UPDATE on an idle stream",
    bytes: frameOf(frameType.windowUpdate, 0, 1, number32(8)),
    code: errorCode.protocolError,
  },
  {
    name: "an even stream identifier",
    bytes: headersOf(2, get, true),
    code: errorCode.protocolError,
  },
  {
    name: "a stream identifier that does not increase",
    bytes: Buffer.concat([headersOf(5, get, false), headersOf(3, get, false)]),
    code: errorCode.protocolError,
  },
  {
    name: "CONTINUATION without HEADERS",
    bytes: frameOf(frameType.continuation, flag.endHeaders, 1, nothing),
    code: errorCode.protocolError,
  },
  {
    name: "a frame within a header block",
    bytes: Buffer.concat([
      frameOf(frameType.headers, 0, 1, blockOf(get)),
      frameOf(frameType.ping, 0, 0, Buffer.alloc(8)),
    ]),
    code: errorCode.protocolError,
  },
  {
    name: "CONTINUATION of another stream",
    bytes: Buffer.concat([
      frameOf(frameType.headers, 0, 1, blockOf(get)),
      frameOf(frameType.continuation, flag.endHeaders, 3, nothing),
    ]),
    code: errorCode.protocolError,
  },
  {
    name: "a header block that is not HPACK",
    bytes: frameOf(frameType.headers, flag.endHeaders, 1, Buffer.from("ff", "hex")),
    code: errorCode.compressionError,
  },
  {
    name: "PUSH_PROMISE",
    bytes: frameOf(frameType.pushPromise, flag.endHeaders, 1, number32(2)),
    code: errorCode.protocolError,
  },
  {
    name: "a frame larger than was allowed",
    bytes: frameOf(frameType.data, 0, 1, Buffer.alloc(16_385)),
    code: errorCode.frameSizeError,
  },
  {
    name: "a PING of seven bytes",
    bytes: frameOf(frameType.ping, 0, 0, Buffer.alloc(7)),
    code: errorCode.frameSizeError,
  },
  {
    name: "a SETTINGS entry that is cut",
    bytes: frameOf(frameType.settings, 0, 0, Buffer.alloc(5)),
    code: errorCode.frameSizeError,
  },
  {
    name: "a setting out of range",
    bytes: frameOf(frameType.settings, 0, 0, settingsOf([settingId.maxFrameSize, 1])),
    code: errorCode.protocolError,
  },
  {
    name: "an acknowledgement of SETTINGS that nobody sent",
    bytes: frameOf(frameType.settings, flag.ack, 0, nothing),
    code: errorCode.protocolError,
  },
  {
    name: "a connection window beyond 2^31 - 1",
    bytes: frameOf(frameType.windowUpdate, 0, 0, number32(0x7fff_ffff)),
    code: errorCode.flowControlError,
  },
  {
    name: "a WINDOW_UPDATE of zero for the connection",
    bytes: frameOf(frameType.windowUpdate, 0, 0, number32(0)),
    code: errorCode.protocolError,
  },
  {
    name: "padding longer than its frame",
    bytes: Buffer.concat([
      headersOf(1, get, false),
      frameOf(frameType.data, flag.padded, 1, Buffer.of(9, 1)),
    ]),
    code: errorCode.protocolError,
  },
  {
    name: "a GOAWAY that takes back less than one before",
    bytes: Buffer.concat(
      [1, 3].map((id) =>
        frameOf(frameType.goaway, 0, 0, Buffer.concat([number32(id), number32(0)])),
      ),
    ),
    code: errorCode.protocolError,
  },
  {
    name: "a setting that overflows an open stream's window",
    bytes: Buffer.concat([
      headersOf(1, get, false),
      frameOf(frameType.windowUpdate, 0, 1, number32(1 << 30)),
      frameOf(frameType.settings, 0, 0, settingsOf([settingId.initialWindowSize, 0x7fff_ffff])),
    ]),
    code: errorCode.flowControlError,
  },
  {
    name: "more SETTINGS entries than are taken",
    bytes: frameOf(
      frameType.settings,
      0,
      0,
      settingsOf(...Array.from({ length: 33 }, () => [0xf0, 0] as const)),
    ),
    code: errorCode.enhanceYourCalm,
  },
  {
    name: "more CONTINUATION frames than are taken, empty ones counted",
    bytes: Buffer.concat([
      frameOf(frameType.headers, 0, 1, blockOf(get)),
      ...Array.from({ length: 8 }, () => frameOf(frameType.continuation, 0, 1, nothing)),
    ]),
    code: errorCode.enhanceYourCalm,
  },
  {
    name: "a header list far above the limit",
    bytes: frameOf(frameType.headers, flag.endHeaders, 1, Buffer.alloc(4000, 0x82)),
    code: errorCode.enhanceYourCalm,
  },
] as const;

for (const row of connectionErrors) {
  test(`${row.name} ends the connection with GOAWAY ${row.code} and closes every stream`, () => {
    const server = "raw" in row ? new Recorder("server") : greetedServer();
    server.connection.receive(row.bytes, 0);
    const goaway = server.frames().at(-1);
    expect(goaway?.type).toBe(frameType.goaway);
    expect(goaway?.payload.readUInt32BE(4)).toBe(row.code);
    expect(server.connection.failure?.code).toBe(row.code);
    expect(server.connection.finished).toBe(true);
    expect(server.connection.openStreams).toBe(0);
    const heads = server.events.filter(({ on }) => on === "head").length;
    expect(server.events.filter(({ on }) => on === "close").length).toBe(heads);
  });
}

const lengthy: FieldList = [...get, ["content-length", "3"]];

const streamErrors = [
  {
    name: "a request that is malformed",
    bytes: headersOf(1, [...get, ["X", "y"]], true),
    code: errorCode.protocolError,
  },
  {
    name: "a request that depends on itself",
    bytes: frameOf(
      frameType.headers,
      flag.endHeaders | flag.priority,
      1,
      Buffer.concat([number32(1), Buffer.of(0), blockOf(get)]),
    ),
    code: errorCode.protocolError,
  },
  {
    name: "a body longer than its content-length",
    bytes: Buffer.concat([headersOf(1, lengthy, false), dataOf(1, "four", false)]),
    code: errorCode.protocolError,
  },
  {
    name: "a body shorter than its content-length",
    bytes: Buffer.concat([headersOf(1, lengthy, false), dataOf(1, "ab", true)]),
    code: errorCode.protocolError,
  },
  {
    name: "no body with a content-length",
    bytes: headersOf(1, lengthy, true),
    code: errorCode.protocolError,
  },
  {
    name: "trailers that do not end the stream",
    bytes: Buffer.concat([headersOf(1, get, false), headersOf(1, [["a", "b"]], false)]),
    code: errorCode.protocolError,
  },
  {
    name: "trailers with a pseudo field",
    bytes: Buffer.concat([headersOf(1, get, false), headersOf(1, [[":path", "/"]], true)]),
    code: errorCode.protocolError,
  },
  {
    name: "a content-length among trailers",
    bytes: Buffer.concat([headersOf(1, get, false), headersOf(1, [["content-length", "0"]], true)]),
    code: errorCode.protocolError,
  },
  {
    name: "a path with a fragment",
    bytes: headersOf(
      1,
      get.map(([name, value]) => [name, name === ":path" ? "/a#b" : value]),
      true,
    ),
    code: errorCode.protocolError,
  },
  {
    name: "DATA behind the end",
    bytes: Buffer.concat([headersOf(1, get, true), dataOf(1, "x", false)]),
    code: errorCode.streamClosed,
  },
  {
    name: "HEADERS behind the end",
    bytes: Buffer.concat([headersOf(1, get, true), headersOf(1, get, true)]),
    code: errorCode.streamClosed,
  },
  {
    name: "a WINDOW_UPDATE of zero",
    bytes: Buffer.concat([
      headersOf(1, get, false),
      frameOf(frameType.windowUpdate, 0, 1, number32(0)),
    ]),
    code: errorCode.protocolError,
  },
  {
    name: "a window beyond 2^31 - 1",
    bytes: Buffer.concat([
      headersOf(1, get, false),
      frameOf(frameType.windowUpdate, 0, 1, number32(0x7fff_ffff)),
    ]),
    code: errorCode.flowControlError,
  },
  {
    name: "a PRIORITY of the wrong length",
    bytes: Buffer.concat([
      headersOf(1, get, false),
      frameOf(frameType.priority, 0, 1, Buffer.alloc(4)),
    ]),
    code: errorCode.frameSizeError,
  },
] as const;

for (const { name, bytes, code } of streamErrors) {
  test(`${name} resets the stream with ${code} and leaves the others`, () => {
    const server = greetedServer();
    server.connection.receive(bytes, 0);
    expect(server.connection.failure).toBeUndefined();
    const reset = server.frames().find(({ type }) => type === frameType.rstStream);
    expect(reset).toMatchObject({ id: 1 });
    expect(reset?.payload.readUInt32BE()).toBe(code);
    server.connection.receive(headersOf(3, get, true), 0);
    expect(server.events).toContainEqual({ on: "end", id: 3, trailers: "" });
  });
}

const harmless = [
  { name: "a frame of an unknown type", bytes: frameOf(0xbe, 0xff, 0, Buffer.alloc(10)) },
  {
    name: "a setting that nobody knows",
    bytes: frameOf(frameType.settings, 0, 0, settingsOf([0xabcd, 1])),
  },
  { name: "PRIORITY on an idle stream", bytes: frameOf(frameType.priority, 0, 9, Buffer.alloc(5)) },
  {
    name: "RST_STREAM on a closed stream",
    bytes: Buffer.concat([
      headersOf(1, get, false),
      frameOf(frameType.rstStream, 0, 1, number32(8)),
      frameOf(frameType.rstStream, 0, 1, number32(8)),
    ]),
  },
  {
    name: "WINDOW_UPDATE on a closed stream",
    bytes: Buffer.concat([
      headersOf(1, get, false),
      frameOf(frameType.rstStream, 0, 1, number32(8)),
      frameOf(frameType.windowUpdate, 0, 1, number32(8)),
    ]),
  },
  {
    name: "GOAWAY of a client",
    bytes: frameOf(frameType.goaway, 0, 0, Buffer.concat([number32(0), number32(0)])),
  },
] as const;

for (const { name, bytes } of harmless) {
  test(`${name} is taken without an answer that hurts`, () => {
    const server = greetedServer();
    server.connection.receive(bytes, 0);
    expect(server.connection.failure).toBeUndefined();
    expect(
      server.frames().filter(({ type, flags }) => type !== frameType.settings || flags === 0),
    ).toEqual([]);
  });
}

test("late frames on a stream that we have reset are ignored, and still counted and decoded", () => {
  const server = greetedServer();
  server.connection.receive(headersOf(1, get, false), 0);
  const stream = server.streams.get(1);
  if (stream !== undefined) server.connection.reset(stream, errorCode.cancel);
  server.output();
  for (let index = 0; index < 100; index += 1) {
    server.connection.receive(dataOf(1, Buffer.alloc(16_384), false), 0);
  }
  server.connection.receive(headersOf(1, [["a", "b"]], true), 0);
  expect(server.connection.failure).toBeUndefined();
  const types = new Set(server.frames().map(({ type, id }) => `${type} ${id}`));
  expect([...types]).toEqual([`${frameType.windowUpdate} 0`]);
});

test("a PING is answered with its own bytes", () => {
  const server = greetedServer();
  server.connection.receive(frameOf(frameType.ping, 0, 0, Buffer.from("deadbeef")), 0);
  expect(server.frames()).toEqual([
    { type: frameType.ping, flags: flag.ack, id: 0, payload: Buffer.from("deadbeef") },
  ]);
});

test("a stream over the limit is refused before anybody hears of it", () => {
  const server = greetedServer({ concurrentStreamsMax: 2 });
  for (const id of [1, 3, 5]) server.connection.receive(headersOf(id, get, false), 0);
  expect(server.streams.size).toBe(2);
  const [reset] = server.frames();
  expect(reset).toMatchObject({ type: frameType.rstStream, id: 5 });
  expect(reset?.payload.readUInt32BE()).toBe(errorCode.refusedStream);
});

test("a read that holds more calls than a slice is read on when its output was taken", () => {
  const server = greetedServer();
  server.react = (event, stream) => {
    if (event.on === "end") server.connection.respond(stream, 204, [], true);
  };
  const calls = Array.from({ length: 80 }, (_, n) => headersOf(2 * n + 1, get, true));
  server.connection.receive(Buffer.concat(calls), 0);
  expect(server.streams.size).toBe(24);
  expect(server.connection.hasInput).toBe(true);
  server.connection.readOn(0);
  server.connection.readOn(0);
  server.connection.readOn(0);
  expect(server.streams.size).toBe(80);
  expect(server.connection.hasInput).toBe(false);
  expect(server.frames().length).toBe(80);
});

test("a header list above the limit is answered with 431, and the table stays in step", () => {
  const client = new Recorder("client");
  const server = new Recorder("server", { headerListBytesMax: 1000 });
  settle(client, server);
  client.connection.openStream(head, [["x-long", "y".repeat(1500)]], true);
  client.connection.openStream(head, [["x-long", "y".repeat(5)]], true);
  settle(client, server);
  expect(client.events).toContainEqual({ on: "head", id: 1, head: "431" });
  expect(server.refusedHeads).toEqual([
    { id: 1, status: 431, message: "the request head exceeds 1000 bytes or 128 fields" },
  ]);
  expect(server.events.filter(({ on }) => on === "head")).toMatchObject([{ id: 3 }]);
});

describe("a request whose head is malformed", () => {
  const malformed: FieldList = [...get, ["connection", "close"]];
  const message = "connection: a field of HTTP/1.1, which HTTP/2 forbids";
  const whole = [
    { type: frameType.headers, flags: flag.endHeaders },
    { type: frameType.data, flags: flag.endStream, payload: Buffer.from(message) },
  ];
  const reset = (code: number) => ({ type: frameType.rstStream, payload: number32(code) });

  test("gets a whole response that names the field, then the reset of a malformed request", () => {
    const server = greetedServer();
    server.receive(headersOf(1, malformed, true), 0);
    expect(server.frames()).toMatchObject([...whole, reset(errorCode.protocolError)]);
    expect(server.refusedHeads).toEqual([{ id: 1, status: 400, message }]);
    expect(server.events).toEqual([
      { on: "close", id: 1, by: "us", code: errorCode.protocolError },
    ]);
    expect(server.connection.heldBytes).toBe(0);
  });

  test("is reset when its client has had time to read that, where it is not whole", () => {
    const server = greetedServer();
    const body = dataOf(1, "body", false);
    server.receive(Buffer.concat([headersOf(1, malformed, false), body]), 0);
    expect(server.frames().filter(({ id }) => id === 1)).toMatchObject([
      ...whole,
      { type: frameType.windowUpdate },
    ]);
    server.receive(body, 0);
    server.connection.tick(defaultLimits.lingerMs - 1);
    expect(server.frames().filter(({ type }) => type === frameType.rstStream)).toEqual([]);
    server.connection.tick(defaultLimits.lingerMs);
    expect(server.frames()).toMatchObject([reset(errorCode.protocolError)]);
  });

  test("waits for its window like any other, and takes nothing of the request before", () => {
    const server = greetedServer();
    server.receive(frameOf(frameType.settings, 0, 0, settingsOf([4, 0])), 0);
    server.receive(headersOf(1, [...get, ["authorization", "secret"]], false), 0);
    server.output();
    const heads: FieldList[] = [];
    server.react = ({ on }, stream) => {
      if (on === "end") heads.push(stream.fields.map(({ name, value }) => [name, value]));
    };
    server.receive(headersOf(3, [["X", "y"]], true), 0);
    expect(heads).toEqual([[]]);
    expect(server.frames()).toMatchObject([{ type: frameType.headers, id: 3 }]);
    server.receive(frameOf(frameType.windowUpdate, 0, 3, number32(1000)), 0);
    expect(server.frames()).toMatchObject([
      { type: frameType.data, id: 3, flags: flag.endStream },
      reset(errorCode.protocolError),
    ]);
  });
});

const floods = [
  {
    name: "resets of calls under way",
    frame: (n: number) =>
      Buffer.concat([
        headersOf(2 * n + 1, get, false),
        frameOf(frameType.rstStream, 0, 2 * n + 1, number32(8)),
      ]),
    debug: "too_many_resets",
  },
  {
    name: "requests that have to be reset",
    frame: (n: number) => headersOf(2 * n + 1, [["x", "y"]], true),
    debug: "too_many_stream_errors",
  },
  {
    name: "PINGs",
    frame: () => frameOf(frameType.ping, 0, 0, Buffer.alloc(8)),
    debug: "too_many_pings",
  },
  {
    name: "SETTINGS",
    frame: () => frameOf(frameType.settings, 0, 0, nothing),
    debug: "too_many_settings",
  },
  {
    name: "PRIORITY",
    frame: () => frameOf(frameType.priority, 0, 1, Buffer.alloc(5)),
    debug: "too_many_priorities",
  },
  {
    name: "WINDOW_UPDATEs",
    frame: () => frameOf(frameType.windowUpdate, 0, 0, number32(1)),
    debug: "too_many_window_updates",
  },
  {
    name: "empty DATA",
    frame: (n: number) => (n === 0 ? headersOf(1, get, false) : dataOf(1, "", false)),
    debug: "too_many_empty_data_frames",
  },
  {
    name: "DATA of a byte that nobody reads",
    // A hundred in a read: the budget holds 65,536 of them.
    frame: (n: number) =>
      n === 0 ? headersOf(1, get, false) : Buffer.concat(Array(100).fill(dataOf(1, "x", false))),
    debug: "too_many_tiny_data_frames",
  },
  {
    name: "unknown frames",
    frame: () => frameOf(0xee, 0, 0, nothing),
    debug: "too_many_unknown_frames",
  },
] as const;

for (const { name, frame, debug } of floods) {
  test(`a flood of ${name} ends in GOAWAY ENHANCE_YOUR_CALM, ${debug}`, () => {
    const server = greetedServer();
    server.consumes = false;
    let outputBytes = 0;
    for (let count = 0; count < 5000 && server.connection.failure === undefined; count += 1) {
      server.connection.receive(frame(count), 0);
      if (server.connection.failure === undefined) outputBytes += server.output().length;
    }
    expect(server.connection.failure).toEqual({ code: errorCode.enhanceYourCalm, debug });
    expect(outputBytes).toBeLessThan(100_000);
  });
}

test("a peer that lets control frames pile up is cut off", () => {
  const server = greetedServer();
  for (let second = 0; second < 60; second += 1) {
    for (let index = 0; index < 20; index += 1) {
      const ping = frameOf(frameType.ping, 0, 0, Buffer.alloc(8));
      server.connection.receive(ping, second * 1000);
    }
  }
  expect(server.connection.failure?.debug).toBe("too_many_control_frames");
  expect(server.output().length).toBeLessThan(20_000);
});

test("a call that ends earns resets back: a busy client that cancels some is not cut off", () => {
  const server = greetedServer();
  server.react = (event, stream) => {
    if (event.on === "end") server.connection.respond(stream, 204, [], true);
  };
  for (let id = 1; id < 8000; id += 4) {
    server.connection.receive(headersOf(id, get, true), 0);
    server.connection.receive(headersOf(id + 2, get, false), 0);
    server.connection.receive(frameOf(frameType.rstStream, 0, id + 2, number32(8)), 0);
    server.output();
  }
  expect(server.connection.failure).toBeUndefined();
});

describe("time", () => {
  const late = 60_000;

  test("a handshake that does not come ends the connection", () => {
    const server = new Recorder("server");
    server.connection.receive(clientPreface, 0);
    server.connection.tick(9_999);
    expect(server.connection.failure).toBeUndefined();
    server.connection.tick(10_000);
    expect(server.connection.failure?.debug).toBe("handshake_timeout");
  });

  test("SETTINGS that nobody acknowledges end the connection", () => {
    const server = new Recorder("server");
    server.connection.receive(opening.subarray(0, opening.length - 9), 0);
    server.connection.tick(late);
    expect(server.connection.failure).toEqual({
      code: errorCode.settingsTimeout,
      debug: "settings_timeout",
    });
  });

  test("a header block that does not end, ends the connection", () => {
    const server = greetedServer();
    server.connection.receive(frameOf(frameType.headers, 0, 1, blockOf(get)), 0);
    server.connection.tick(late);
    expect(server.connection.failure?.debug).toBe("header_timeout");
  });

  test("an answer that its client does not read is cancelled, dribbled windows or not", () => {
    const server = greetedServer();
    server.react = (event, stream) => {
      if (event.on !== "end") return;
      server.connection.respond(stream, 200, [], false);
      server.connection.data(stream, Buffer.alloc(100_000), true);
    };
    server.connection.receive(headersOf(1, get, true), 0);
    for (let second = 1; second <= 31; second += 1) {
      server.connection.receive(frameOf(frameType.windowUpdate, 0, 1, number32(1)), second * 1000);
      server.output();
      server.connection.tick(second * 1000);
    }
    expect(server.events.at(-1)).toMatchObject({ on: "close", code: errorCode.cancel });
    expect(server.connection.failure).toBeUndefined();
  });

  test("a silent server is asked only while a call is open", () => {
    const client = new Recorder("client", { keepAliveMs: 1000 });
    const server = new Recorder("server");
    settle(client, server);
    client.connection.tick(5000);
    expect(client.frames()).toEqual([]);
    client.connection.openStream(head, [], true);
    client.output();
    client.connection.tick(6000);
    expect(client.frames().map(({ type }) => type)).toEqual([frameType.ping]);
  });

  test("a silent peer is asked, and given up when it stays silent", () => {
    const server = greetedServer({ keepAliveMs: 1000, keepAliveTimeoutMs: 500 });
    server.connection.tick(1000);
    const [ping] = server.frames();
    expect(ping).toMatchObject({ type: frameType.ping, flags: 0 });
    server.connection.receive(frameOf(frameType.ping, flag.ack, 0, ping?.payload ?? nothing), 1100);
    server.connection.tick(1600);
    expect(server.connection.failure).toBeUndefined();
    server.connection.tick(2100);
    server.connection.tick(2600);
    expect(server.connection.failure?.debug).toBe("keepalive_timeout");
  });

  test("an old connection is drained", () => {
    const server = greetedServer({ ageMaxMs: 1000 });
    server.connection.tick(1000);
    expect(server.frames().map(({ type }) => type)).toEqual([frameType.goaway, frameType.ping]);
  });

  test("an idle connection is drained, one with a stream is not", () => {
    const server = greetedServer({ idleTimeoutMs: 1000 });
    server.connection.receive(headersOf(1, get, false), 0);
    server.connection.tick(2000);
    expect(server.frames()).toEqual([]);
    server.connection.receive(frameOf(frameType.rstStream, 0, 1, number32(8)), 2000);
    server.connection.tick(3000);
    expect(server.frames()[0]?.payload.toString("latin1", 8)).toBe("max_idle");
  });
});

test("a connection whose stream identifiers run out is drained, and the call that did it is served", () => {
  const server = greetedServer();
  server.receive(headersOf(0x5fff_ffff, get, true), 0);
  expect(server.connection.draining).toBe(false);
  server.receive(headersOf(0x6000_0001, get, true), 0);
  expect(server.events.at(-1)).toMatchObject({ on: "end", id: 0x6000_0001 });
  const goaway = server.frames().find(({ type }) => type === frameType.goaway);
  expect(goaway?.payload.toString("latin1", 8)).toBe("stream_ids_used_up");
});

describe("draining", () => {
  test("takes streams for a round trip more, then only those it has, then is finished", () => {
    const { client, server } = greetedPair();
    const first = client.connection.openStream(head, [], false);
    settle(client, server);
    server.connection.drain("bye");
    const crossing = headersOf(3, get, false);
    const announced = server.output();
    server.connection.receive(crossing, 0);
    expect(server.streams.has(3)).toBe(true);
    client.connection.receive(announced, 0);
    expect(client.goaways).toEqual([{ lastId: 0x7fff_ffff, code: 0, debug: "bye" }]);
    expect(client.connection.openable).toBe(0);
    server.connection.receive(client.output(), 0);
    const final = framesIn(server.output()).find(({ type }) => type === frameType.goaway);
    expect(final?.payload.readUInt32BE()).toBe(3);
    server.connection.receive(headersOf(5, get, false), 0);
    expect(server.streams.has(5)).toBe(false);
    for (const stream of server.streams.values()) server.connection.respond(stream, 204, [], true);
    // A socket that closed now would take the responses with it.
    expect(server.connection.finished).toBe(false);
    for (const id of [1, 3]) server.connection.receive(dataOf(id, "", true), 0);
    expect(server.connection.finished).toBe(true);
    expect(first.closed).toBe(false);
  });

  test("goes on without the round trip when its PING is not answered", () => {
    const server = greetedServer();
    server.connection.drain("bye");
    expect(server.connection.finished).toBe(false);
    server.connection.tick(5000);
    expect(server.connection.finished).toBe(true);
  });

  test("a client's streams above the last one are closed as unprocessed, the others go on", () => {
    const { client } = greetedPair();
    const [first, second] = [1, 3].map(() => client.connection.openStream(head, [], true));
    client.connection.receive(
      frameOf(frameType.goaway, 0, 0, Buffer.concat([number32(1), number32(0)])),
      0,
    );
    expect(first).toMatchObject({ closed: false });
    expect(second).toMatchObject({ closed: true, unprocessed: true, brokenBy: "connection" });
  });

  test("a stream that is refused after a GOAWAY is refused by the connection that goes", () => {
    const { client } = greetedPair();
    const stream = client.connection.openStream(head, [], true);
    const lastId = number32(0x7fff_ffff);
    client.connection.receive(
      frameOf(frameType.goaway, 0, 0, Buffer.concat([lastId, number32(0)])),
      0,
    );
    const code = number32(errorCode.refusedStream);
    client.connection.receive(frameOf(frameType.rstStream, 0, stream.id, code), 0);
    expect(stream).toMatchObject({ unprocessed: true, brokenBy: "connection" });
  });

  test("REFUSED_STREAM is unprocessed, any other reset is not", () => {
    const { client } = greetedPair();
    const streams = [errorCode.refusedStream, errorCode.cancel].map((code) => {
      const stream = client.connection.openStream(head, [], true);
      client.connection.receive(frameOf(frameType.rstStream, 0, stream.id, number32(code)), 0);
      return stream.unprocessed;
    });
    expect(streams).toEqual([true, false]);
  });
});

describe("what we send", () => {
  const bad = [
    { name: "a capital in a name", fields: [["X", "y"]] },
    { name: "a pseudo field", fields: [[":path", "/"]] },
    { name: "a line break in a value", fields: [["x", "a\r\nb"]] },
    { name: "a character that is no octet", fields: [["x", "☺"]] },
    { name: "a field of one HTTP/1.1 connection", fields: [["transfer-encoding", "chunked"]] },
  ] as const;

  for (const { name, fields } of bad) {
    test(`${name} throws before anything is sent, and the stream can still be answered`, () => {
      const { client, server } = greetedPair();
      expect(() => client.connection.openStream(head, fields, true)).toThrow(TypeError);
      expect(client.connection.openStreams).toBe(0);
      client.connection.openStream(head, [], true);
      settle(client, server);
      const stream = server.streams.get(1);
      if (stream === undefined) throw new Error("no stream");
      expect(() => server.connection.respond(stream, 200, fields, false)).toThrow(TypeError);
      server.connection.respond(stream, 200, [], false);
      expect(() => server.connection.trailers(stream, fields)).toThrow(TypeError);
      server.connection.trailers(stream, [["x", "y"]]);
      settle(client, server);
      expect(client.events).toContainEqual({ on: "end", id: 1, trailers: "x=y" });
    });
  }

  const badHeads = [
    { name: "a path with a blank", head: { ...head, path: "/a b" } },
    { name: "a path of nothing", head: { ...head, path: "" } },
    { name: "an authority with a line break", head: { ...head, authority: "a\r\nb" } },
    { name: "a method that is no token", head: { ...head, method: "G T" } },
  ];

  for (const { name, head: badHead } of badHeads) {
    test(`${name} throws and opens nothing`, () => {
      const { client } = greetedPair();
      expect(() => client.connection.openStream(badHead, [], true)).toThrow(TypeError);
      expect(client.connection.hasOutput).toBe(false);
      expect(client.connection.openStreams).toBe(0);
    });
  }

  for (const status of [0, 99, 101, 1000, 200.5, Number.NaN]) {
    test(`a status of ${status} throws`, () => {
      const { client, server } = greetedPair();
      client.connection.openStream(head, [], true);
      settle(client, server);
      const stream = server.streams.get(1);
      if (stream === undefined) throw new Error("no stream");
      expect(() => server.connection.respond(stream, status, [], true)).toThrow(RangeError);
    });
  }

  test("a body before its head throws", () => {
    const { client, server } = greetedPair();
    client.connection.openStream(head, [], true);
    settle(client, server);
    const stream = server.streams.get(1);
    if (stream === undefined) throw new Error("no stream");
    expect(() => server.connection.data(stream, Buffer.from("x"), true)).toThrow("its head");
  });
});

describe("a client", () => {
  test("opens as many streams as the server takes", () => {
    const { client } = greetedPair();
    expect(client.connection.openable).toBe(256);
    client.connection.openStream(head, [], true);
    expect(client.connection.openable).toBe(255);
  });

  test("is told of an end that came by RST_STREAM NO_ERROR as a break, not as an end", () => {
    const { client } = greetedPair();
    const stream = client.connection.openStream(head, [], true);
    client.connection.receive(headersOf(1, [[":status", "200"]], false), 0);
    client.connection.receive(frameOf(frameType.rstStream, 0, 1, number32(0)), 0);
    expect(stream).toMatchObject({ closed: true, brokenBy: "peer", remoteEnded: false });
  });

  test("refuses a body before the head", () => {
    const { client } = greetedPair();
    client.connection.openStream(head, [], true);
    client.output();
    client.connection.receive(dataOf(1, "x", false), 0);
    expect(client.events.at(-1)).toMatchObject({ by: "us", code: errorCode.protocolError });
  });

  test("takes the content-length of an answer to HEAD for what it is", () => {
    const { client } = greetedPair();
    const stream = client.connection.openStream({ ...head, method: "HEAD" }, [], true);
    const fields: FieldList = [
      [":status", "200"],
      ["content-length", "100"],
    ];
    client.connection.receive(headersOf(1, fields, true), 0);
    expect(stream).toMatchObject({ closed: true, brokenBy: "nobody", remoteEnded: true });
  });
});
