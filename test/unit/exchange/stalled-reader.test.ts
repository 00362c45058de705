/** A client that reads nothing is cut off in time, also where Node's own modules serve it. */

import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Exchange, ExchangeEnd } from "#exchange/exchange.ts";
import { listen } from "#exchange/listener.ts";
import { eventLoopTurn } from "../../support/predict.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** Opens a request whose response nobody reads; returns what lets go of it. */
const clients = {
  "HTTP/1.1": (port: number) => {
    const socket = connect(port, "127.0.0.1").pause();
    socket.on("error", () => {});
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    return () => socket.destroy();
  },
  "HTTP/2": (port: number) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`, {
      settings: { initialWindowSize: 0 },
    });
    session.on("error", () => {});
    session.request({ ":path": "/" }).on("error", () => {});
    return () => session.destroy();
  },
} as const;

async function served(wire: keyof typeof clients, serve: (exchange: Exchange) => Promise<void>) {
  const ended = Promise.withResolvers<ExchangeEnd>();
  const started = Promise.withResolvers<void>();
  let failure: unknown;
  const listener = await listen(
    { name: "test", host: "127.0.0.1", port: 0, http1Engine: "node", http2Engine: "node" },
    {
      exchange: (exchange) => {
        exchange.onEnd(ended.resolve);
        vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
        started.resolve();
        return serve(exchange).catch((thrown: unknown) => {
          failure = thrown;
        });
      },
      malformed: (message) => ({ requestId: "req_1", body: message }),
      connectionFailed: () => {},
    },
  );
  const leave = clients[wire](listener.port);
  await started.promise;
  // Whatever can be taken has been taken.
  for (let turn = 0; turn < 200; turn += 1) await eventLoopTurn();
  return { ended: ended.promise, failure: () => failure, leave, listener };
}

describe.each(["HTTP/1.1", "HTTP/2"] as const)("over %s", (wire) => {
  test("a stream that is not read for a minute is broken off", async () => {
    const { ended, failure, leave, listener } = await served(wire, async (exchange) => {
      exchange.start(200, []);
      for (;;) await exchange.write(Buffer.alloc(64 * 1024));
    });
    vi.advanceTimersByTime(59_000);
    for (let turn = 0; turn < 20; turn += 1) await eventLoopTurn();
    expect(failure()).toBeUndefined();
    vi.advanceTimersByTime(1_000);
    expect(await ended).toMatchObject({ aborted: true });
    for (let turn = 0; turn < 20; turn += 1) await eventLoopTurn();
    expect(failure()).toBeDefined();
    vi.useRealTimers();
    leave();
    await listener[Symbol.asyncDispose]();
  });

  test("a response that is not taken in five minutes is broken off", async () => {
    const { ended, leave, listener } = await served(wire, async (exchange) => {
      exchange.respond(200, [], Buffer.alloc(32 * 1024 * 1024));
    });
    vi.advanceTimersByTime(300_000);
    expect(await ended).toMatchObject({ aborted: true });
    vi.useRealTimers();
    leave();
    await listener[Symbol.asyncDispose]();
  });
});
