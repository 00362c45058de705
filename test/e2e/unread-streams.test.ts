/**
 * A stream that nobody reads is not produced ahead, its handler is let go when its client leaves, and
 * it holds up no one else's.
 */

import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { envelope } from "#protocol/envelope.ts";
import { serveRpc } from "#rpc/serve.ts";
import { pieceBytes, startFlood } from "../chaos/cores.ts";
import {
  ConformanceService,
  ServerStreamRequestSchema,
} from "../gen/connectrpc/conformance/v1/service_pb.js";
import { startTestGateway } from "../support/gateway.ts";

const path = "/connectrpc.conformance.v1.ConformanceService/ServerStream";
const body = envelope(0, toBinary(ServerStreamRequestSchema, create(ServerStreamRequestSchema)));

/** Calls and reads nothing; returns what leaves. */
const clients = {
  "gRPC over HTTP/2": (port: number) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`, {
      settings: { initialWindowSize: 0 },
    });
    session.on("error", () => {});
    const headers = { ":method": "POST", ":path": path, te: "trailers" };
    const stream = session.request({ ...headers, "content-type": "application/grpc" });
    stream.on("error", () => {}).end(body);
    return () => session.destroy();
  },
  "Connect over HTTP/1.1": (port: number) => {
    const socket = connect(port, "127.0.0.1").pause();
    socket.on("error", () => {});
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/connect+proto\r\n` +
        `content-length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    return () => socket.destroy();
  },
} as const;

describe.each(["polygate", "node"] as const)("by the engine of %s", (engine) => {
  test.each(Object.entries(clients))("%s", async (_name, call) => {
    const closed = Promise.withResolvers<void>();
    let produced = 0;
    await using listener = await serveRpc(
      (router) => {
        router.service(ConformanceService, {
          async *serverStream() {
            try {
              for (;;) {
                produced += 1;
                yield { payload: { data: new Uint8Array(10_000) } };
              }
            } finally {
              closed.resolve();
            }
          },
        });
      },
      { port: 0, http1Engine: engine, http2Engine: engine },
    );
    const leave = call(listener.port);
    for (let before = -1; produced === 0 || produced !== before; ) {
      before = produced;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // What the system holds for a connection of loopback, and no more.
    expect(produced * 10_000).toBeLessThan(30_000_000);
    leave();
    await closed.promise;
  });
});

/** Resolves when `count` rises no more. */
async function settled(count: () => number): Promise<number> {
  for (let before = -1; ; ) {
    if (before > 0 && before === count()) return before;
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

test("a hundred streams of a core that nobody reads hold up no other call, and a bounded part of them", async () => {
  await using core = await startFlood();
  await using gateway = await startTestGateway({
    yaml: JSON.stringify({ gateway: { host: "127.0.0.1", port: 0 }, cores: [{ url: core.url }] }),
  });
  const session = connectHttp2(gateway.url, { settings: { initialWindowSize: 0 } });
  using _leave = { [Symbol.dispose]: () => session.destroy() };
  session.on("error", () => {});
  await once(session, "remoteSettings");
  const chat = create(ChatRequestSchema, { message: "flood" });
  const streams = Array.from({ length: 100 }, () => {
    const stream = session.request({
      ":method": "POST",
      ":path": "/polygate.v1.ChatService/StreamChat",
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("error", () => {}).end(envelope(0, toBinary(ChatRequestSchema, chat)));
    return stream;
  });
  const made = await settled(() => core.made);
  expect(core.open()).toBe(streams.length);
  const answer = await fetch(`${gateway.url}/api/v1/chat`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"message":"hi"}',
  });
  expect(answer.status).toBe(200);
  // Each its first window, what waits for its client, and what the core itself holds; 16 MiB are lent.
  const eachBytes = (64 + 256 + 256) * 1024;
  expect(made * pieceBytes).toBeLessThan(streams.length * eachBytes + (16 << 20));
  expect(core.made).toBe(made);
}, 60_000);
