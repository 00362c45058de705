/** Streaming calls over WebSocket, by the platform's own client and by hand-made frames. */

import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { DescMethodClientStreaming, Message } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { transcode } from "#rest/transcode.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import {
  type Count,
  closeCodeOf,
  frame,
  methodOf,
  raw,
  serve,
} from "../../support/websocket-peer.ts";

/** A client: what it was told, in order, and how it ended. */
async function open(port: number, path: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  const told: unknown[] = [];
  const closed = once(socket, "close").then(([event]) => ({
    code: event.code,
    reason: event.reason,
  }));
  let wake: () => void = () => {};
  socket.addEventListener("message", ({ data }) => {
    told.push(JSON.parse(data));
    wake();
  });
  await once(socket, "open");
  return {
    socket,
    told,
    closed,
    async until(count: number) {
      while (told.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return told;
    },
  };
}

describe("a call", () => {
  test("both ways answers each message, with path and query in it, until the empty one", async () => {
    await using server = await serve();
    const client = await open(server.port, "/echo/7");
    client.socket.send('{"text":"a"}');
    expect(await client.until(1)).toEqual([{ text: "a", number: 7 }]);
    client.socket.send('{"text":"b"}');
    expect(await client.until(2)).toEqual([
      { text: "a", number: 7 },
      { text: "b", number: 7 },
    ]);
    client.socket.send("");
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
  });

  test("that streams its answer takes one message", async () => {
    await using server = await serve();
    const client = await open(server.port, "/count/3");
    client.socket.send("{}");
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
    expect(client.told).toEqual([{ number: 1 }, { number: 2 }, { number: 3 }]);
  });

  test("that streams its request is found although its rule says POST", async () => {
    await using server = await serve();
    const client = await open(server.port, "/collect");
    for (const text of ['{"text":"a"}', '{"text":"b"}', ""]) client.socket.send(text);
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
    expect(client.told).toEqual([{ text: "ab" }]);
  });

  test.for([
    { name: "a message that is no JSON", path: "/echo/1", text: "{", reason: "BODY_MALFORMED" },
    { name: "an unknown field", path: "/echo/1", text: '{"x":1}', reason: "REQUEST_INVALID" },
    { name: "a bad variable", path: "/echo/x", text: "{}", reason: "PARAMETER_INVALID" },
    { name: "the handler's own refusal", path: "/count/13", text: "{}", reason: "REQUEST_INVALID" },
  ])("ends with an error and its reason for $name", async ({ path, text, reason }) => {
    await using server = await serve();
    const client = await open(server.port, path);
    client.socket.send(text);
    expect(await client.closed).toEqual({ code: 1008, reason });
    expect(client.told).toMatchObject([{ error: { code: reason } }]);
  });

  test("whose handler breaks closes with 1011 and keeps the cause to itself", async () => {
    await using server = await serve({}, async function* count() {
      yield { number: 1 };
      throw new Error("the password is hunter2");
    });
    const client = await open(server.port, "/count/1");
    client.socket.send("{}");
    expect(await client.closed).toEqual({ code: 1011, reason: "INTERNAL" });
    expect(JSON.stringify(client.told)).not.toContain("hunter2");
  });

  test("is cancelled when the client closes", async () => {
    const left = Promise.withResolvers<boolean>();
    await using server = await serve({}, async function* count(_input, { signal }) {
      signal.addEventListener("abort", () => left.resolve(true));
      yield { number: 1 };
      await new Promise(() => {});
    });
    const client = await open(server.port, "/count/1");
    client.socket.send("{}");
    await client.until(1);
    client.socket.close();
    expect(await left.promise).toBe(true);
  });
});

describe("a connection", () => {
  const text = Buffer.from('{"text":"abc"}');

  test.for([
    { name: "an unmasked frame", bytes: Buffer.from([0x81, 0x02, 0x7b, 0x7d]), code: 1002 },
    { name: "reserved bits", bytes: frame(0xc1, text), code: 1002 },
    { name: "an unknown opcode", bytes: frame(0x83, text), code: 1002 },
    { name: "a ping in pieces", bytes: frame(0x09, text), code: 1002 },
    { name: "a continuation of nothing", bytes: frame(0x80, text), code: 1002 },
    {
      name: "a new message within another",
      bytes: Buffer.concat([frame(0x01, text), frame(0x81, text)]),
      code: 1002,
    },
    { name: "a binary message", bytes: frame(0x82, text), code: 1003 },
    { name: "text that is not UTF-8", bytes: frame(0x81, Buffer.from([0xff])), code: 1007 },
    { name: "a message beyond the bound", bytes: frame(0x81, Buffer.alloc(101, 32)), code: 1009 },
    {
      name: "pieces beyond the bound",
      bytes: Buffer.concat([frame(0x01, Buffer.alloc(60, 32)), frame(0x80, Buffer.alloc(60, 32))]),
      code: 1009,
    },
  ])("is closed with $code for $name", async ({ bytes, code }) => {
    await using server = await serve({ bodyBytesMax: 100 });
    const socket = await raw(server.port, "/echo/1");
    socket.write(bytes);
    expect(await closeCodeOf(socket)).toBe(code);
  });

  test("takes frames however they are cut, answers pings, and puts pieces together", async () => {
    await using server = await serve();
    const socket = await raw(server.port, "/echo/1");
    const bytes = Buffer.concat([
      frame(0x01, text.subarray(0, 5)),
      frame(0x89, Buffer.from("hi")),
      frame(0x80, text.subarray(5)),
      frame(0x81, Buffer.alloc(0)),
    ]);
    socket.setNoDelay(true);
    for (const byte of bytes) socket.write(Buffer.from([byte]));
    let answer: Buffer = Buffer.alloc(0);
    for await (const piece of socket) {
      answer = Buffer.concat([answer, piece]);
      if (answer.includes(0x88)) break;
    }
    expect(answer.subarray(0, 4)).toEqual(Buffer.from([0x8a, 0x02, 0x68, 0x69]));
    expect(answer.toString()).toContain('{"text":"abc","number":1}');
  });

  test("whose peer answers no ping is ended, and its call cancelled", async () => {
    const clock = createManualClock();
    const left = Promise.withResolvers<boolean>();
    const count: Count = async function* count(_input, { signal }) {
      signal.addEventListener("abort", () => left.resolve(true));
      yield { number: 1 };
      await new Promise(() => {});
    };
    await using server = await serve({ clock, heartbeatMs: 1000 }, count);
    const socket = await raw(server.port, "/count/1");
    socket.write(frame(0x81, Buffer.from("{}")));
    await once(socket, "data");
    await clock.advance(1000);
    await clock.advance(1000);
    expect(await left.promise).toBe(true);
  });

  test("makes its sender wait while its messages are not read", async () => {
    const go = Promise.withResolvers<void>();
    const { request, upgrade } = transcode((router) => {
      router.rpc(methodOf("Collect") as DescMethodClientStreaming, async (inputs) => {
        await go.promise;
        let number = 0;
        for await (const _ of inputs) number += 1;
        return { number } as unknown as Message;
      });
    });
    const server = createServer(request).on("upgrade", upgrade);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = await raw((server.address() as AddressInfo).port, "/collect");
    const one = frame(0x81, Buffer.from(JSON.stringify({ text: "x".repeat(100) })));
    let sent = 0;
    while (sent < 200_000 && socket.writableLength < 4_000_000) {
      socket.write(one);
      sent += 1;
      if (sent % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(socket.writableLength).toBeGreaterThan(1_000_000);
    socket.write(frame(0x81, Buffer.alloc(0)));
    go.resolve();
    let answer = "";
    for await (const piece of socket) {
      answer += piece;
      if (answer.includes("}")) break;
    }
    expect(answer).toContain(`"number":${sent}`);
    server.close();
  });
});

describe("an upgrade is refused in the REST shape", () => {
  test.for([
    { name: "for a path that streams nothing", path: "/nope", version: "13", status: 404 },
    { name: "for another version", path: "/echo/1", version: "8", status: 400 },
    { name: "for a bad escape", path: "/echo/%zz", version: "13", status: 400 },
  ])("$name", async ({ path, version, status }) => {
    await using server = await serve();
    const socket = connect(server.port, "127.0.0.1");
    socket.write(
      `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
        `sec-websocket-version: ${version}\r\nsec-websocket-key: ${"a".repeat(22)}==\r\n\r\n`,
    );
    let answer = "";
    for await (const piece of socket) answer += piece;
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toHaveProperty("error.request_id");
  });
});
