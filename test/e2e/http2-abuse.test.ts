import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, createServer, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { errorCode } from "#http2/error-code.ts";
import { clientPreface, frameType } from "#http2/frames.ts";
import { Http2Server } from "#http2/server.ts";
import type { ServerStream } from "#http2/server-stream.ts";
import { http2Listener } from "../support/http2-listener.ts";
import {
  dataOf,
  frameOf,
  framesIn,
  headersOf,
  number32,
  opening,
  requestFields,
} from "../support/http2-peers.ts";
import { createManualClock } from "../support/manual-clock.ts";

/** A raw connection that has said what a client says first. */
async function rawClient(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(opening);
  await once(socket, "connect");
  return socket;
}

const floods = [
  {
    name: "rapid reset",
    debug: "too_many_resets",
    frame: (n: number) =>
      Buffer.concat([
        headersOf(2 * n + 1, requestFields, false),
        frameOf(frameType.rstStream, 0, 2 * n + 1, number32(8)),
      ]),
  },
  {
    name: "resets that the server is made to send",
    debug: "too_many_stream_errors",
    frame: (n: number) =>
      Buffer.concat([
        headersOf(2 * n + 1, requestFields, false),
        frameOf(frameType.windowUpdate, 0, 2 * n + 1, number32(0)),
      ]),
  },
  {
    name: "empty DATA",
    debug: "too_many_empty_data_frames",
    frame: (n: number) => (n === 0 ? headersOf(1, requestFields, false) : dataOf(1, "", false)),
  },
  {
    name: "PING",
    debug: "too_many_pings",
    frame: () => frameOf(frameType.ping, 0, 0, Buffer.alloc(8)),
  },
] as const;

for (const { name, debug, frame } of floods) {
  test(`${name}: its connection gets GOAWAY and is closed, another goes on`, async () => {
    await using listener = await http2Listener({
      onStream: async (stream) => {
        await stream.body(100);
        stream.respond(200, []);
      },
    });
    const bystander = connectHttp2(`http://127.0.0.1:${listener.port}`);
    const before = bystander.request({});
    expect((await once(before, "response"))[0][":status"]).toBe(200);
    const attacker = await rawClient(listener.port);
    attacker.write(Buffer.concat(Array.from({ length: 3000 }, (_, n) => frame(n))));
    const goaway = framesIn(await buffer(attacker)).find(({ type }) => type === frameType.goaway);
    expect(goaway?.payload.readUInt32BE(4)).toBe(errorCode.enhanceYourCalm);
    expect(goaway?.payload.toString("latin1", 8)).toBe(debug);
    const after = bystander.request({});
    expect((await once(after, "response"))[0][":status"]).toBe(200);
    bystander.destroy();
    await expect.poll(() => listener.failures).toEqual([debug]);
  });
}

test("a million DATA frames of a byte for bodies that are read whole end in GOAWAY, another goes on", async () => {
  await using listener = await http2Listener({
    onStream: async (stream) => {
      const body = await stream.body(10_000_000);
      stream.respond(200, [], String(body.length));
    },
  });
  const bystander = connectHttp2(`http://127.0.0.1:${listener.port}`);
  const attacker = await rawClient(listener.port);
  const received = buffer(attacker);
  const ids = [1, 3, 5, 7];
  attacker.write(Buffer.concat(ids.map((id) => headersOf(id, requestFields, false))));
  const frames = Buffer.concat(
    Array(250)
      .fill(ids.map((id) => dataOf(id, "x", false)))
      .flat(),
  );
  let sent = 0;
  for (; sent < 1_000_000 && !attacker.destroyed; sent += 1000) {
    if (!attacker.write(frames)) {
      await Promise.race([once(attacker, "drain"), once(attacker, "close")]).catch(() => {});
    }
  }
  const goaway = framesIn(await received).find(({ type }) => type === frameType.goaway);
  expect(goaway?.payload.toString("latin1", 8)).toBe("too_many_tiny_data_frames");
  expect(sent).toBeLessThan(1_000_000);
  const after = bystander.request({ ":method": "POST" });
  after.end("hello");
  expect((await once(after, "response"))[0][":status"]).toBe(200);
  bystander.destroy();
});

test("a stream of hundreds of small messages a second is not cut off", async () => {
  const seen = { messages: 0, isBetween: true };
  await using listener = await http2Listener({
    onStream: async (stream) => {
      stream.start(200, []);
      for await (const piece of stream.chunks(Number.POSITIVE_INFINITY, seen)) {
        seen.messages += piece.length / 20;
      }
      stream.end();
    },
  });
  const client = await rawClient(listener.port);
  client.resume();
  client.write(headersOf(1, requestFields, false));
  const burst = Buffer.concat(Array(500).fill(dataOf(1, Buffer.alloc(20), false)));
  for (let second = 1; second <= 400; second += 1) {
    client.write(burst);
    await expect.poll(() => seen.messages, { interval: 1 }).toBe(second * 500);
  }
  expect(listener.failures).toEqual([]);
  client.destroy();
});

test("work that goes on after resets is bounded: twice the streams, then calls are refused", async () => {
  const started: number[] = [];
  await using listener = await http2Listener({
    limits: { concurrentStreamsMax: 40 },
    onStream: async (stream) => {
      started.push(stream.id);
      await new Promise(() => {});
    },
  });
  const client = await rawClient(listener.port);
  const frames: Buffer[] = [];
  client.on("data", (bytes: Buffer) => frames.push(bytes));
  for (let call = 0; call < 100; call += 1) {
    client.write(headersOf(2 * call + 1, requestFields, true));
    client.write(frameOf(frameType.rstStream, 0, 2 * call + 1, number32(8)));
  }
  client.write(headersOf(999, requestFields, true));
  const refusals = () =>
    framesIn(Buffer.concat(frames)).filter(
      ({ type, id }) => type === frameType.rstStream && id === 999,
    );
  await expect.poll(() => refusals().length).toBe(1);
  expect(refusals()[0]?.payload.readUInt32BE()).toBe(errorCode.refusedStream);
  expect(started.length).toBe(80);
  expect(listener.failures).toEqual([]);
  client.destroy();
});

describe("a client that reads nothing", () => {
  test("makes us hold one window and one queue a stream of its large answers", async () => {
    const streams: ServerStream[] = [];
    const sockets = new Set<Socket>();
    const piece = Buffer.alloc(64 * 1024);
    await using listener = await http2Listener({
      onStream: async (stream, socket) => {
        streams.push(stream);
        sockets.add(socket);
        stream.start(200, []);
        while (!stream.closed) await stream.write(piece);
      },
    });
    const client = await rawClient(listener.port);
    client.pause();
    const calls = Array.from({ length: 50 }, (_, n) => headersOf(2 * n + 1, requestFields, true));
    client.write(Buffer.concat(calls));
    await expect.poll(() => streams.filter(({ writerWaits }) => writerWaits).length).toBe(50);
    for (const stream of streams) expect(stream.queuedBytes).toBeLessThanOrEqual(5 * piece.length);
    for (const socket of sockets) expect(socket.writableLength).toBeLessThan(1 << 20);
    client.destroy();
    await expect.poll(() => streams.every(({ closed }) => closed)).toBe(true);
  });

  test("is not read any more itself once its small answers pile up", async () => {
    const served: { socket?: Socket; calls: number } = { calls: 0 };
    await using listener = await http2Listener({
      onStream: (stream, socket) => {
        served.socket = socket;
        served.calls += 1;
        stream.respond(200, [["x-echo", "~".repeat(4000)]]);
      },
    });
    const client = await rawClient(listener.port);
    client.pause();
    const calls = 20_000;
    for (let n = 0; n < calls; n += 1000) {
      const batch = Array.from({ length: 1000 }, (_, index) =>
        headersOf(2 * (n + index) + 1, requestFields, true),
      );
      client.write(Buffer.concat(batch));
    }
    await expect.poll(() => served.socket?.isPaused(), { timeout: 10_000 }).toBe(true);
    expect(served.socket?.writableLength).toBeLessThan(1 << 20);
    expect(served.calls).toBeLessThan(calls);
    client.destroy();
  });
});

describe("a client that lets us wait", () => {
  const silences = [
    { name: "says nothing", bytes: Buffer.alloc(0), debug: "handshake_timeout" },
    {
      name: "ends in the middle of its preface",
      bytes: clientPreface.subarray(0, 20),
      debug: "handshake_timeout",
    },
    {
      name: "never acknowledges SETTINGS",
      bytes: opening.subarray(0, opening.length - 9),
      debug: "settings_timeout",
    },
    {
      name: "never ends its header block",
      bytes: Buffer.concat([opening, frameOf(frameType.headers, 0, 1, Buffer.of(0x82))]),
      debug: "header_timeout",
    },
  ] as const;

  for (const { name, bytes, debug } of silences) {
    test(`${name}: ${debug}`, async () => {
      const clock = createManualClock();
      await using server = new Http2Server({ onStream: () => {} }, clock, seededRng(1));
      const arrived = Promise.withResolvers<void>();
      await using listener = createServer((socket) => {
        server.take(socket);
        socket.on("data", () => arrived.resolve());
        if (bytes.length === 0) arrived.resolve();
      });
      listener.listen(0, "127.0.0.1");
      await once(listener, "listening");
      const address = listener.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const client = connect(port, "127.0.0.1");
      client.write(bytes);
      const received = buffer(client);
      await arrived.promise;
      for (let second = 0; second < 12; second += 1) await clock.advance(1000);
      const goaway = framesIn(await received).find(({ type }) => type === frameType.goaway);
      expect(goaway?.payload.toString("latin1", 8)).toBe(debug);
    });
  }
});
