/** What the project's own engines bound for all their exchanges together. */

import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import type { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ByteBudget } from "#core/byte-budget.ts";
import { systemClock } from "#core/clock.ts";
import { reasonOf } from "#errors/fault.ts";
import { bodyRefused } from "#exchange/body-fault.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { type Listener, type ListenerOptions, listen } from "#exchange/listener.ts";
import { framesIn, opening } from "../../support/http2-peers.ts";

function open(
  serve: (exchange: Exchange) => void | Promise<void>,
  options: Partial<ListenerOptions>,
  onFailure: (reason: string) => void = () => {},
): Promise<Listener> {
  const engines = { http1Engine: "polygate", http2Engine: "polygate" } as const;
  return listen(
    { name: "test", host: "127.0.0.1", port: 0, ...engines, ...options },
    {
      exchange: (exchange) => void serve(exchange),
      malformed: (message) => ({ requestId: "req_1", body: message }),
      connectionFailed: onFailure,
    },
  );
}

test("bodies past the buffers of the process fail with BUFFERS_FULL, a 503 or RESOURCE_EXHAUSTED", async () => {
  const buffers = new ByteBudget(2_000_000);
  const errors: ConnectError[] = [];
  await using listener = await open(
    async (exchange) => {
      await exchange.body(10_000_000).then(
        () => exchange.respond(200, []),
        (error) => {
          errors.push(error);
          exchange.respond(503, []);
        },
      );
    },
    { buffers },
  );
  const session = connectHttp2(`http://127.0.0.1:${listener.port}`);
  const stream = session.request({ ":method": "POST" });
  stream.on("error", () => {});
  stream.end(Buffer.alloc(3_000_000));
  const [headers] = await once(stream, "response");
  expect(headers[":status"]).toBe(503);
  expect(errors.map(reasonOf)).toEqual(["BUFFERS_FULL"]);
  session.destroy();
});

test.each(["1.1", "2"])(
  "over HTTP/%s a body that is too large fails with BODY_TOO_LARGE, one whose client leaves with CANCELLED",
  async (version) => {
    const reasons: unknown[] = [];
    const began = Promise.withResolvers<void>();
    await using listener = await open(async (exchange) => {
      const isLarge = exchange.target === "/large";
      if (!isLarge) began.resolve();
      await exchange.body(isLarge ? 10 : 1_000).catch((error) => reasons.push(reasonOf(error)));
      if (isLarge) exchange.respond(413, []);
    }, {});
    if (version === "2") {
      const session = connectHttp2(`http://127.0.0.1:${listener.port}`);
      const large = session.request({ ":method": "POST", ":path": "/large" });
      large.on("error", () => {}).write(Buffer.alloc(100));
      await once(large, "response");
      const left = session.request({ ":method": "POST", ":path": "/left" });
      left.on("error", () => {}).write("a");
      await began.promise;
      session.destroy();
    } else {
      const socket = connect(listener.port, "127.0.0.1");
      socket.write("POST /large HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nx");
      await once(socket, "data");
      const left = connect(listener.port, "127.0.0.1");
      left.write("POST /left HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\na");
      await began.promise;
      for (const one of [socket, left]) one.destroy();
    }
    await expect.poll(() => reasons).toEqual(["BODY_TOO_LARGE", "CANCELLED"]);
  },
);

test("a body that does not come in its time fails with BODY_TIMEOUT", () => {
  const error = bodyRefused("late");
  expect([reasonOf(error), error.rawMessage]).toEqual([
    "BODY_TIMEOUT",
    "the request body did not arrive in time",
  ]);
});

describe("on a port with few places left", () => {
  const answer = (exchange: Exchange) => exchange.respond(200, [], "ok");

  /** A connection that speaks HTTP/2 and has no request. */
  async function idleHttp2(port: number, from: string): Promise<Socket> {
    const socket = connect({ port, host: "127.0.0.1", localAddress: from });
    socket.on("error", () => {});
    socket.write(opening);
    await once(socket, "data");
    return socket;
  }

  test("an address that has its share gets no more, and another address is served", async () => {
    const failures: string[] = [];
    await using listener = await open(
      answer,
      { connectionsMax: 8, connectionsPerAddressMax: 4 },
      (reason) => failures.push(reason),
    );
    const greedy: Socket[] = [];
    for (let index = 0; index < 7; index += 1)
      greedy.push(await idleHttp2(listener.port, "127.0.0.2"));
    const late = connect({ port: listener.port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    late.on("error", () => {});
    await once(late, "close");
    expect(failures).toEqual(["too_many_connections"]);
    const response = await fetch(`http://127.0.0.1:${listener.port}/`);
    expect(await response.text()).toBe("ok");
    for (const socket of greedy) socket.destroy();
  });

  test("a connection of HTTP/1.1 that is kept for the next request makes room, too", async () => {
    let laterMs = 0;
    const clock = { nowMs: () => systemClock.nowMs() + laterMs };
    await using listener = await open(answer, { connectionsMax: 1, clock });
    const idle = connect(listener.port, "127.0.0.1");
    idle.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await once(idle, "data");
    laterMs = 10_000;
    const closed = once(idle.resume(), "close");
    const response = await fetch(`http://127.0.0.1:${listener.port}/`);
    expect(await response.text()).toBe("ok");
    await closed;
  });

  test("a connection that is idle for long gets GOAWAY, and its place goes to a newcomer", async () => {
    const failures: string[] = [];
    let laterMs = 0;
    const clock = { nowMs: () => systemClock.nowMs() + laterMs };
    await using listener = await open(answer, { connectionsMax: 1, clock }, (reason) =>
      failures.push(reason),
    );
    const idle = await idleHttp2(listener.port, "127.0.0.1");
    const received: Buffer[] = [];
    idle.on("data", (bytes: Buffer) => received.push(bytes));
    laterMs = 10_000;
    const response = await fetch(`http://127.0.0.1:${listener.port}/`);
    expect(await response.text()).toBe("ok");
    await once(idle, "close");
    const goaway = framesIn(Buffer.concat(received)).find(({ type }) => type === 7);
    expect(goaway?.payload.readUInt32BE(4)).toBe(0);
    expect(goaway?.payload.toString("latin1", 8)).toBe("too_many_connections");
    expect(failures).toEqual([]);
  });
});
