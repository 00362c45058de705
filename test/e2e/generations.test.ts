/** A generation is built whole, swapped in one step and drained: no connection is lost, no call is cut before its time. */

import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { ByteBudget } from "#core/byte-budget.ts";
import { systemClock } from "#core/clock.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { createMetrics } from "#metrics.ts";
import { createLogger } from "#observability/logger.ts";
import { createServing, type FrontOptions, openFront } from "../../src/front.ts";

const logger = createLogger({ level: "error", format: "json", output: "stdout" }, { write() {} });

/** What serves models named `name`; each call of GetModel waits for `gate`. */
function generation(name: string, gate: Promise<void>): FrontOptions {
  return {
    listeners: [
      {
        name: "gateway",
        host: "127.0.0.1",
        port: 0,
        serves: ["rpc", "rest", "openai"],
        http1Engine: "polygate",
        http2Engine: "polygate",
      },
    ],
    routes(router) {
      router.service(ModelsService, {
        listModels: () => ({ models: [{ id: name }] }),
        async getModel() {
          begun.get(name)?.resolve();
          await gate;
          return { id: name };
        },
      });
    },
    interceptors: [],
    policy: { translate: faultFrom },
    pages: { all: {}, rest: () => ({}), metrics: {} },
    bytesMax: 1 << 20,
    buffers: new ByteBudget(1 << 26),
    trustedProxies: [],
    connectionsMax: 100,
  };
}

const begun = new Map<string, PromiseWithResolvers<void>>();

async function started(gate: Promise<void>) {
  begun.set("old", Promise.withResolvers());
  const deps = { clock: systemClock, logger, metrics: createMetrics() };
  const front = await openFront(generation("old", gate), deps);
  const url = (front.listeners[0]?.url ?? "").replace("localhost", "127.0.0.1");
  const client = createClient(ModelsService, createGrpcTransport({ baseUrl: url }));
  const nameNow = async () => (await client.listModels({})).models[0]?.id;
  const next = createServing(generation("new", Promise.resolve()), deps);
  return { front, url, client, nameNow, next, deps };
}

test("calls of the old generation end in it, all further ones on the same connection are the new one's", async () => {
  const gate = Promise.withResolvers<void>();
  const { front, client, nameNow, next } = await started(gate.promise);
  await using _front = front;
  expect(await nameNow()).toBe("old");
  const held = client.getModel({ model: "m" });
  await begun.get("old")?.promise;
  let isDrained = false;
  const drained = front.replace(next, 60_000).then(() => {
    isDrained = true;
  });
  expect(await nameNow()).toBe("new");
  expect(isDrained).toBe(false);
  gate.resolve();
  expect((await held).id).toBe("old");
  await drained;
  expect(await nameNow()).toBe("new");
});

test("a call that outlasts the grace ends with SHUTTING_DOWN, and the new generation goes on", async () => {
  const { front, client, nameNow, next } = await started(new Promise(() => {}));
  await using _front = front;
  const held = client.getModel({ model: "m" }).catch(ConnectError.from);
  await begun.get("old")?.promise;
  await front.replace(next, 1);
  expect(await held).toMatchObject({
    code: Code.Unavailable,
    rawMessage: expect.stringContaining("shutting down"),
  });
  expect(await nameNow()).toBe("new");
});

test("a WebSocket that waits for its next turn closes with its generation, and is opened anew in the next", async () => {
  const { front, url, next } = await started(Promise.resolve());
  await using _front = front;
  const open = async () => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/responses`);
    await once(socket, "open");
    return socket;
  };
  const socket = await open();
  const closed = once(socket, "close");
  await front.replace(next, 60_000);
  const [{ code, reason }] = await closed;
  expect([code, reason]).toEqual([1001, "SHUTTING_DOWN"]);
  const other = await open();
  const told = once(other, "message");
  const turn = { type: "response.create", model: "m", input: "Hi", generate: false };
  other.send(JSON.stringify(turn));
  const [{ data }] = await told;
  expect(JSON.parse(data)).toMatchObject({ type: "response.created" });
  other.close();
});

test("a generation that lacks a listener is refused whole", async () => {
  const { front, nameNow, deps } = await started(Promise.resolve());
  await using _front = front;
  const options = generation("new", Promise.resolve());
  const other = options.listeners.map((listener) => ({ ...listener, name: "other" }));
  const lacking = createServing({ ...options, listeners: other }, deps);
  await expect(front.replace(lacking, 1)).rejects.toThrow("nothing serves the listener gateway");
  expect(await nameNow()).toBe("old");
});

test("a request whose body is still to come is the old generation's to the end, call and all", async () => {
  const { front, nameNow, next } = await started(Promise.resolve());
  await using _front = front;
  const socket = connect(front.listeners[0]?.port ?? 0, "127.0.0.1");
  socket.write(
    "POST /polygate.v1.ModelsService/ListModels HTTP/1.1\r\nhost: x\r\n" +
      "content-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{",
  );
  // A response on another connection says that the first bytes of this one have been read.
  expect(await nameNow()).toBe("old");
  let isDrained = false;
  const drained = front.replace(next, 60_000).then(() => {
    isDrained = true;
  });
  expect(await nameNow()).toBe("new");
  expect(isDrained).toBe(false);
  socket.write("}");
  expect(await text(socket)).toContain('{"models":[{"id":"old"');
  await drained;
});
