/** What a WebSocket client cannot make a server hold, or wait for. */

import { once } from "node:events";
import { connect } from "node:net";
import type { Interceptor } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { createManualClock } from "../../support/manual-clock.ts";
import { eventLoopTurn } from "../../support/predict.ts";
import {
  type Count,
  closeCodeOf,
  frame,
  framesOf,
  raw,
  serve,
} from "../../support/websocket-peer.ts";

/** Heartbeats that no test lives to see. */
const heartbeatMs = 1_000_000;

/** Writes copies of `bytes` until they pile up, for the server reads no more; fails when it never stops. */
async function pileUp(socket: Awaited<ReturnType<typeof raw>>, bytes: () => Buffer) {
  let sent = 0;
  while (socket.writableLength < 1_000_000) {
    if (sent > 60_000_000) throw new Error("the server never stops reading");
    const batch = Buffer.concat(Array.from({ length: 500 }, bytes));
    socket.write(batch);
    sent += batch.length;
    await eventLoopTurn();
  }
  return sent;
}

/** Does `step` until `work` is done. */
async function untilSettled(work: Promise<unknown>, step: () => Promise<void>): Promise<void> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  work.then(settle, settle);
  while (!isSettled) {
    // What is on its way on the network arrives in the machine's own time.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await step();
  }
}

test("a message in more frames than the bound is closed with 1008", async () => {
  await using server = await serve();
  const socket = await raw(server.port, "/echo/1");
  socket.write(frame(0x01, Buffer.from("{")));
  socket.write(Buffer.concat(Array.from({ length: 16_384 }, () => frame(0x00, Buffer.alloc(0)))));
  expect(await closeCodeOf(socket)).toBe(1008);
});

describe("a message that does not become whole in a minute is closed with 1008,", () => {
  test.each([
    { name: "of frames", bytes: () => frame(0x01, Buffer.from("{")) },
    { name: "of a frame that is cut", bytes: () => frame(0x81, Buffer.from("{}")).subarray(0, 7) },
    { name: "of a head that is cut", bytes: () => frame(0x81, Buffer.from("{}")).subarray(0, 1) },
  ])("$name", async ({ bytes }) => {
    const clock = createManualClock();
    await using server = await serve({ clock, heartbeatMs });
    const socket = await raw(server.port, "/echo/1");
    socket.write(bytes());
    const code = closeCodeOf(socket);
    await once(server.lastSocket(), "data");
    await clock.advance(50_000);
    expect(server.lastSocket().destroyed).toBe(false);
    await clock.advance(10_000);
    expect(await code).toBe(1008);
  });

  test("but not for the time in which the server does not read", async () => {
    const clock = createManualClock();
    await using server = await serve({ clock, heartbeatMs });
    const socket = await raw(server.port, "/echo/1");
    socket.pause();
    socket.write(frame(0x01, Buffer.from("{")));
    await pileUp(socket, () => frame(0x89, Buffer.alloc(125)));
    await clock.advance(50_000);
    const frames = framesOf(socket);
    while (socket.writableLength > 0) await eventLoopTurn();
    await eventLoopTurn();
    await clock.advance(50_000);
    socket.write(frame(0x80, Buffer.from("}")));
    socket.write(frame(0x81, Buffer.alloc(0)));
    await untilSettled(frames, () => clock.advance(100));
    const last = (await frames).slice(-2).map(({ payload }) => payload);
    expect(last[0]?.toString()).toBe('{"number":1}');
    expect(last[1]?.readUInt16BE(0)).toBe(1000);
  });
});

test("pings of a client that does not read pile up with the client, and the last one is answered", async () => {
  await using server = await serve();
  const socket = await raw(server.port, "/echo/1");
  socket.pause();
  let last = 0;
  const ping = () => {
    last += 1;
    return frame(0x89, Buffer.from(String(last).padStart(125, "0")));
  };
  await pileUp(socket, ping);
  socket.write(frame(0x81, Buffer.alloc(0)));
  const frames = await framesOf(socket);
  const pongs = frames.filter(({ first }) => first === 0x8a);
  expect(Number(pongs.at(-1)?.payload)).toBe(last);
  expect(pongs.length).toBeLessThan(last);
  expect(frames.at(-1)?.payload.readUInt16BE(0)).toBe(1000);
});

describe("a client is not taken for dead while the server does not read it", () => {
  test("because it does not read", async () => {
    const clock = createManualClock();
    await using server = await serve({ clock, heartbeatMs: 1000 });
    const socket = await raw(server.port, "/echo/1");
    socket.pause();
    await pileUp(socket, () => frame(0x89, Buffer.alloc(125)));
    for (let beat = 0; beat < 5; beat += 1) await clock.advance(1000);
    expect(server.lastSocket().destroyed).toBe(false);
  });

  test("because its handler does not", async () => {
    const clock = createManualClock();
    const go = Promise.withResolvers<void>();
    const interceptors: Interceptor[] = [
      (next) => (request) => go.promise.then(() => next(request)),
    ];
    await using server = await serve({ clock, heartbeatMs: 1000, interceptors });
    const socket = await raw(server.port, "/collect");
    const frames = framesOf(socket);
    const text = frame(0x81, Buffer.from('{"text":"a"}'));
    const end = frame(0x81, Buffer.alloc(0));
    socket.write(Buffer.concat([...Array.from({ length: 20 }, () => text), end]));
    while (!server.lastSocket().isPaused()) await once(server.lastSocket(), "pause");
    for (let beat = 0; beat < 5; beat += 1) await clock.advance(1000);
    go.resolve();
    await untilSettled(frames, () => clock.advance(100));
    const payloads = (await frames).map(({ payload }) => payload.toString());
    expect(payloads).toContain(`{"text":"${"a".repeat(20)}"}`);
  });
});

test("messages after the last one that counts are discarded, and the connection stays alive", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using server = await serve({}, async function* count() {
    yield { number: 1 };
    await promise;
    yield { number: 2 };
  });
  const socket = await raw(server.port, "/count/1");
  for (let index = 0; index < 100; index += 1) socket.write(frame(0x81, Buffer.from("{}")));
  await once(server.lastSocket(), "data");
  // A server that read no more of it would not see what comes later.
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.write(frame(0x89, Buffer.from("alive")));
  let text = "";
  for await (const piece of socket) {
    text += piece;
    if (text.includes("alive")) resolve();
    if (text.includes('"number":2')) break;
  }
  expect(text).toContain('"number":2');
});

describe("a close frame", () => {
  const rows = [
    { name: "without a payload is answered by one", payload: [], answer: "" },
    { name: "is answered by its code", payload: [0x03, 0xe8, 0x62, 0x79, 0x65], answer: "03e8" },
    { name: "may have a code of an application", payload: [0x0f, 0xa0], answer: "0fa0" },
    { name: "with half a code breaks the protocol", payload: [0x03], answer: 1002 },
    { name: "with a code below all breaks it", payload: [0x00, 0x01], answer: 1002 },
    { name: "with a code that nobody may send breaks it", payload: [0x03, 0xed], answer: 1002 },
    { name: "with a code beyond all breaks it", payload: [0x13, 0x88], answer: 1002 },
    { name: "whose reason is not UTF-8 is invalid", payload: [0x03, 0xe8, 0xff], answer: 1007 },
  ];
  test.each(rows)("$name", async ({ payload, answer }) => {
    await using server = await serve();
    const socket = await raw(server.port, "/echo/1");
    socket.write(frame(0x88, Buffer.from(payload)));
    const frames = await framesOf(socket);
    expect(frames.map(({ first }) => first)).toEqual([0x88]);
    const sent = frames[0]?.payload ?? Buffer.alloc(0);
    if (typeof answer === "string") expect(sent.toString("hex")).toBe(answer);
    else expect(sent.readUInt16BE(0)).toBe(answer);
  });
});

test("why a connection is closed reaches a client that is still sending", async () => {
  await using server = await serve();
  const socket = await raw(server.port, "/echo/1");
  socket.write(Buffer.from([0x81, 0x02, 0x7b, 0x7d])); // not masked
  for (let index = 0; index < 40; index += 1) socket.write(Buffer.alloc(256 * 1024));
  expect(await closeCodeOf(socket)).toBe(1002);
});

test("a client that is closed and leaves its own side open is cut off", async () => {
  const clock = createManualClock();
  await using server = await serve({ clock, heartbeatMs });
  const socket = await raw(server.port, "/echo/1");
  socket.allowHalfOpen = true;
  socket.write(Buffer.from([0x81, 0x02, 0x7b, 0x7d]));
  socket.resume();
  await once(socket, "end");
  let isClosed = false;
  const closed = once(server.lastSocket(), "close").then(() => {
    isClosed = true;
  });
  await clock.advance(1000);
  expect(isClosed).toBe(false);
  await clock.advance(1000);
  await closed;
  socket.destroy();
});

test("a client that stops reading is cut off after a minute, and its handler let go", async () => {
  const clock = createManualClock();
  const left = Promise.withResolvers<string>();
  let sent = 0;
  const count: Count = async function* count() {
    try {
      for (;;) {
        sent += 1;
        yield { text: "x".repeat(100_000) };
      }
    } finally {
      left.resolve("closed");
    }
  };
  await using server = await serve({ clock, heartbeatMs }, count);
  const socket = await raw(server.port, "/count/1");
  socket.pause();
  socket.write(frame(0x81, Buffer.from("{}")));
  for (let before = -1; before !== sent; ) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await clock.advance(50_000);
  expect(server.lastSocket().destroyed).toBe(false);
  await clock.advance(20_000);
  expect(await left.promise).toBe("closed");
  expect(server.lastSocket().destroyed).toBe(true);
  socket.destroy();
});

describe("a browser's handshake", () => {
  const withKey: Count = async function* count(_input, { requestHeader }) {
    yield { text: JSON.stringify([...requestHeader]) };
  };

  async function open(port: number, protocols: string[]) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/count/1`, protocols);
    await once(socket, "open");
    socket.send("{}");
    const [{ data }] = await once(socket, "message");
    const header = new Map<string, string>(JSON.parse(JSON.parse(data).text));
    return { protocol: socket.protocol, header };
  }

  test.each([
    { protocols: ["json"], protocol: "json", authorization: undefined },
    { protocols: ["bearer", "key-1"], protocol: "bearer", authorization: "Bearer key-1" },
    { protocols: ["json", "bearer", "key-1"], protocol: "bearer", authorization: "Bearer key-1" },
    { protocols: ["bearer", "json"], protocol: "bearer", authorization: "Bearer json" },
    { protocols: ["bearer"], protocol: "bearer", authorization: undefined },
    { protocols: ["soap", "json"], protocol: "json", authorization: undefined },
  ])("that offers $protocols is answered with $protocol", async (row) => {
    await using server = await serve({}, withKey);
    const { protocol, header } = await open(server.port, row.protocols);
    expect(protocol).toBe(row.protocol);
    expect(header.get("authorization")).toBe(row.authorization);
    expect(header.has("sec-websocket-protocol")).toBe(false);
  });

  test("that offers what is not spoken here is answered with none", async () => {
    await using server = await serve();
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/count/1`, ["soap"]);
    await once(socket, "close");
    expect(socket.protocol).toBe("");
  });

  test("with a field of its own keeps that one", async () => {
    await using server = await serve({}, withKey);
    const fields = "authorization: Bearer own\r\nsec-websocket-protocol: bearer, other\r\n";
    const socket = await raw(server.port, "/count/1", fields);
    socket.write(frame(0x81, Buffer.from("{}")));
    const [text] = await framesOf(socket);
    const header = text?.payload.toString();
    expect(header).toContain("Bearer own");
    expect(header).not.toContain("other");
  });
});

test("a refusal reaches a client that sends on", async () => {
  await using server = await serve();
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(
    "GET /nope HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n" +
      `sec-websocket-version: 13\r\nsec-websocket-key: ${"a".repeat(22)}==\r\n\r\n`,
  );
  for (let index = 0; index < 40; index += 1) socket.write(Buffer.alloc(256 * 1024));
  let answer = "";
  for await (const piece of socket) answer += piece;
  expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  expect(answer).toContain("ROUTE_UNKNOWN");
});
