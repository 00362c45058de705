/** The RPC server as a library: on a port of its own, and behind a plain node:http server. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect, createServer as createNetServer } from "node:net";
import { text } from "node:stream/consumers";
import {
  Code,
  ConnectError,
  createClient,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { Health, HealthCheckResponse_ServingStatus } from "#gen/grpc/health/v1/health_pb.js";
import type { Routes } from "#rpc/mount.ts";
import { rpcHandler, serveRpc } from "#rpc/serve.ts";

const status = HealthCheckResponse_ServingStatus.SERVING;
const routes: Routes = (router) => router.service(Health, { check: () => ({ status }) });
const path = "/grpc.health.v1.Health/Check";
const call = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };

test("one port speaks every protocol over both versions of HTTP, through the interceptors", async () => {
  const seen: string[] = [];
  const note: Interceptor = (next) => (request) => {
    seen.push(request.method.name);
    return next(request);
  };
  await using server = await serveRpc(routes, { port: 0, interceptors: [note] });
  const to = { baseUrl: server.url };
  for (const transport of [
    createGrpcTransport(to),
    createGrpcWebTransport({ ...to, httpVersion: "1.1" }),
    createGrpcWebTransport({ ...to, httpVersion: "2" }),
    createConnectTransport({ ...to, httpVersion: "1.1" }),
    createConnectTransport({ ...to, httpVersion: "2" }),
  ]) {
    expect((await createClient(Health, transport).check({})).status).toBe(status);
  }
  expect(seen).toEqual(Array(5).fill("Check"));
});

test("a message over the limit is refused, 4 MiB unless told otherwise", async () => {
  await using server = await serveRpc(routes, { port: 0, readBytesMax: 100 });
  await using plain = await serveRpc(routes, { port: 0 });
  const service = "x".repeat(200);
  const check = (baseUrl: string) =>
    createClient(Health, createGrpcTransport({ baseUrl })).check({ service });
  await expect(check(server.url)).rejects.toMatchObject({ code: Code.ResourceExhausted });
  await expect(check(plain.url)).resolves.toMatchObject({ status });
});

test("a path of no method is refused in the client's words, or goes to the fallback", async () => {
  await using server = await serveRpc(routes, { port: 0 });
  const answer = await fetch(`${server.url}/nope`);
  expect([answer.status, await answer.text()]).toEqual([404, "no such method\n"]);
  const headers = { ...call.headers, "connect-protocol-version": "1" };
  const connectAnswer = await fetch(`${server.url}/nope`, { ...call, headers });
  expect(await connectAnswer.json()).toMatchObject({ code: "unimplemented" });

  await using plain = await serveRpc(routes, { port: 0, plainErrors: true });
  for (const { url, details } of [
    { url: server.url, details: 1 },
    { url: plain.url, details: 0 },
  ]) {
    const error = ConnectError.from(
      await createGrpcTransport({ baseUrl: `${url}/elsewhere` })
        .unary(Health.method.check, undefined, undefined, undefined, {})
        .catch((thrown: unknown) => thrown),
    );
    expect([error.code, error.details.length]).toEqual([Code.Unimplemented, details]);
  }

  await using guarded = await serveRpc(routes, {
    port: 0,
    fallback: (exchange) => exchange.respond(200, [], "mine"),
  });
  expect(await (await fetch(`${guarded.url}/nope`)).text()).toBe("mine");
});

test("bytes that are no request are answered and told of", async () => {
  const told = Promise.withResolvers<string>();
  await using server = await serveRpc(routes, { port: 0, connectionFailed: told.resolve });
  const socket = connect(server.port, "127.0.0.1");
  socket.end("not HTTP\r\n\r\n");
  expect(await text(socket)).toMatch(/^HTTP\/1.1 400 .*"code":"invalid_argument"/s);
  expect(await told.promise).toBe("http1_malformed");
});

test("a plain node:http server serves its handler", async () => {
  const server = createServer(rpcHandler(routes).request).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, call);
    expect(await answer.json()).toEqual({ status: "SERVING" });
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

describe("a call with an offer of h2c and a target in absolute form is served", () => {
  const offer =
    "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAA\r\n";
  const head = `POST http://any${path} HTTP/1.1\r\nhost: a\r\n${offer}content-type: application/json\r\n`;
  const raw = async (port: number) => {
    const socket = connect(port, "127.0.0.1");
    socket.end(`${head}content-length: 2\r\n\r\n{}`);
    return await text(socket);
  };

  test.each(["polygate", "node"] as const)("by the engine of %s", async (http1Engine) => {
    await using server = await serveRpc(routes, { port: 0, http1Engine });
    expect(await raw(server.port)).toMatch(/^HTTP\/1.1 200 .*"SERVING"/s);
  });

  test("behind a plain node:http server", async () => {
    const server = createServer(rpcHandler(routes).request).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const answer = await raw((server.address() as AddressInfo).port);
      expect(answer).toMatch(/^HTTP\/1.1 200 .*"SERVING"/s);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

test("disposing aborts the signals of handlers at work", async () => {
  const begun = Promise.withResolvers<HandlerContext>();
  const server = await serveRpc(
    (router) =>
      router.service(Health, {
        check: (_request, context) => {
          begun.resolve(context);
          return new Promise(() => undefined);
        },
      }),
    { port: 0 },
  );
  const answer = fetch(`${server.url}${path}`, call);
  const { signal } = await begun.promise;
  await Promise.all([server[Symbol.asyncDispose](), expect(answer).rejects.toThrow()]);
  expect(reasonOf(signal.reason)).toBe("SHUTTING_DOWN");
});

test("a call that outlasts a drain is told so, also when its handler heeds no signal", async () => {
  const begun = Promise.withResolvers<void>();
  let waiting = 2;
  await using server = await serveRpc(
    (router) =>
      router.service(Health, {
        check() {
          waiting -= 1;
          if (waiting === 0) begun.resolve();
          return new Promise(() => undefined);
        },
      }),
    { port: 0 },
  );
  const answers = [
    createGrpcTransport({ baseUrl: server.url }),
    createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" }),
  ].map((transport) => createClient(Health, transport).check({}).catch(ConnectError.from));
  await begun.promise;
  const drained = server.drain(100);
  for (const error of await Promise.all(answers)) {
    expect(error).toMatchObject({ code: Code.Unavailable });
    expect(reasonOf(error as ConnectError)).toBe("SHUTTING_DOWN");
  }
  await drained;
});

test("a port that is taken rejects with the system's error", async () => {
  const other = createNetServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  try {
    const { port } = other.address() as AddressInfo;
    await expect(serveRpc(routes, { port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  } finally {
    other.close();
  }
});
