/** Listeners, TLS, credentials, limits and cross-origin answers of a whole gateway. */

import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { startTestGateway } from "../support/gateway.ts";
import { clientTls, serverTls } from "../support/tls.ts";

const chat = (url: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/api/v1/chat`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: '{"message": "hello"}',
  });

describe("listeners", () => {
  const yaml = `
listeners:
  - { name: api, host: 127.0.0.1, port: 0, serves: [rest] }
  - { name: rpc, host: 127.0.0.1, port: 0, serves: [rpc] }
  - { name: ops, host: 127.0.0.1, port: 0, serves: [metrics] }
`;

  test("each serves what it was told to and nothing else", async () => {
    await using gateway = await startTestGateway({ yaml });
    const { api = "", rpc = "", ops = "" } = gateway.urls;
    const status = async (url: string, path: string) => (await fetch(url + path)).status;
    const grpc = (baseUrl: string) =>
      createClient(ModelsService, createGrpcTransport({ baseUrl })).listModels({});
    expect([
      await status(api, "/api/v1/models"),
      await status(rpc, "/api/v1/models"),
      await status(ops, "/api/v1/models"),
    ]).toEqual([200, 404, 404]);
    expect([await status(api, "/metrics"), await status(ops, "/metrics")]).toEqual([404, 200]);
    expect((await grpc(rpc)).models.length).toBeGreaterThan(0);
    await expect(grpc(api)).rejects.toMatchObject({ code: Code.Unimplemented });
    for (const url of [api, rpc, ops]) expect(await status(url, "/livez")).toBe(200);
  });

  test("one stop drains all of them", async () => {
    await using gateway = await startTestGateway({ yaml });
    await gateway.gateway.drain();
    for (const url of Object.values(gateway.urls)) {
      await expect(fetch(`${url}/livez`)).rejects.toThrow();
    }
  });

  test("during drain_delay calls are taken and readiness is refused; then the ports close", async () => {
    const delayed = (delay: string) => ({
      yaml: `gateway: { host: 127.0.0.1, port: 0, drain_delay: ${delay} }`,
    });
    await using waiting = await startTestGateway(delayed("10m"));
    void waiting.gateway.drain();
    const readiness = await fetch(`${waiting.url}/readyz`);
    expect([readiness.status, (await chat(waiting.url)).status]).toEqual([503, 200]);
    await using done = await startTestGateway(delayed("10ms"));
    await done.gateway.drain();
    await expect(fetch(`${done.url}/livez`)).rejects.toThrow();
  });

  test("a taken port fails the start, and no other listener stays open", async () => {
    await using holder = await startTestGateway();
    const taken = new URL(holder.url).port;
    const work = startTestGateway({
      yaml: `listeners: [{ name: a, host: 127.0.0.1, port: ${taken} }]`,
    });
    await expect(work).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("TLS serves gRPC and HTTP/1.1 on one port", async () => {
    const { certFile, keyFile } = serverTls;
    await using gateway = await startTestGateway({
      yaml: `listeners: [{ name: tls, host: 127.0.0.1, port: 0, tls: { cert_file: ${certFile}, key_file: ${keyFile} } }]`,
    });
    const { port } = new URL(gateway.url);
    const transport = createGrpcTransport({
      baseUrl: `https://localhost:${port}`,
      nodeOptions: { ca: clientTls.ca },
    });
    const answer = await createClient(ChatService, transport).chat({ message: "hello" });
    expect(answer.modelUsed).toBe("polyagent-reference-1");
    const request = httpsRequest({ host: "localhost", port, path: "/livez", ca: clientTls.ca });
    request.end();
    const [response] = await once(request, "response");
    response.resume();
    expect([response.statusCode, response.httpVersion]).toEqual([200, "1.1"]);
  });
});

describe("credentials", () => {
  const yaml = `
gateway: { host: 127.0.0.1, port: 0 }
auth: { enabled: true, type: apikey, secret_key: "\${AUTH_SECRET_KEY}", keys: [{ name: reader, key: reader-key-0123456789 }] }
`;
  const env = { AUTH_SECRET_KEY: "operator-key-0123456789" };

  test("calls need one on every surface; probes and health do not", async () => {
    await using gateway = await startTestGateway({ yaml, env });
    const refused = await chat(gateway.url);
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(await refused.json()).toMatchObject({ error: { code: "CREDENTIAL_MISSING" } });
    const client = createClient(ChatService, createGrpcTransport({ baseUrl: gateway.url }));
    await expect(client.chat({ message: "x" })).rejects.toMatchObject({
      code: Code.Unauthenticated,
    });
    for (const path of ["/livez", "/readyz", "/healthz", "/metrics"]) {
      expect((await fetch(gateway.url + path)).status, path).toBe(200);
    }
    const health = createClient(Health, createGrpcTransport({ baseUrl: gateway.url }));
    expect(await health.check({})).toMatchObject({ status: Status.SERVING });
  });

  test("without a key no body is read: the refusal comes ahead of it, in every protocol", async () => {
    await using gateway = await startTestGateway({ yaml, env });
    const { port } = new URL(gateway.url);
    for (const [path, type] of [
      ["/api/v1/chat", "application/json"],
      ["/polygate.v1.ChatService/Chat", "application/json"],
      ["/polygate.v1.ChatService/Chat", "application/grpc-web+proto"],
    ]) {
      const socket = connect(Number(port), "127.0.0.1");
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: ${type}\r\ncontent-length: 1000000\r\n\r\n{`,
      );
      const [answer] = (await once(socket, "data")) as [Buffer];
      socket.destroy();
      expect(answer.toString(), path).toMatch(/401 Unauthorized|grpc-status: 16/i);
    }
    const isRefusal = ({ reason }: Record<string, unknown>) => reason === "CREDENTIAL_MISSING";
    await gateway.line(() => gateway.lines.filter(isRefusal).length === 3);
    const refused = gateway.lines.filter(isRefusal);
    expect(refused.map(({ msg, code }) => `${msg} ${code}`)).toEqual(
      Array(3).fill("call UNAUTHENTICATED"),
    );
  });

  test("a key opens them, and only an operator's opens the admin methods", async () => {
    await using gateway = await startTestGateway({ yaml, env });
    const reader = { authorization: "Bearer reader-key-0123456789" };
    const operator = { "x-api-key": "operator-key-0123456789" };
    expect((await chat(gateway.url, reader)).status).toBe(200);
    expect((await chat(gateway.url, operator)).status).toBe(200);
    const reload = async (headers: Record<string, string>) =>
      (await fetch(`${gateway.url}/reload/digits`, { method: "POST", headers })).status;
    expect([await reload(reader), await reload(operator)]).toEqual([403, 200]);
  });

  test("unknown keys of one address are limited over all surfaces, a key that works goes on", async () => {
    const few = `${yaml.replace("auth: {", "auth: { failures_per_minute: 5,")}trusted_proxies: [127.0.0.1]\n`;
    await using gateway = await startTestGateway({ yaml: few, env });
    const wrong = { authorization: "Bearer wrong-key-0123456789" };
    const good = { authorization: "Bearer reader-key-0123456789" };
    const client = createClient(ChatService, createGrpcTransport({ baseUrl: gateway.url }));
    const grpc = (headers: Record<string, string>) =>
      client.chat({ message: "x" }, { headers }).then(
        () => "OK",
        (error) => Code[ConnectError.from(error).code],
      );
    const webSocket = async () => {
      const handshake = {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      };
      const headers = { ...handshake, ...wrong };
      const request = httpRequest(`${gateway.url}/api/v1/chat:stream`, { headers }).end();
      const [answer] = (await once(request, "response")) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    expect((await chat(gateway.url, good)).status).toBe(200);
    expect((await chat(gateway.url, wrong)).status).toBe(401);
    expect((await chat(gateway.url, wrong)).status).toBe(401);
    expect(await webSocket()).toBe(401);
    expect([await grpc(wrong), await grpc(wrong)]).toEqual(["Unauthenticated", "Unauthenticated"]);
    for (let time = 0; time < 25; time++) {
      const refused = await chat(gateway.url, wrong);
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({ error: { code: "ATTEMPTS_LIMITED" } });
    }
    expect(await grpc(wrong)).toBe("ResourceExhausted");
    expect(await webSocket()).toBe(429);
    expect([(await chat(gateway.url, good)).status, await grpc(good)]).toEqual([200, "OK"]);
    const elsewhere = { ...wrong, "x-forwarded-for": "192.0.2.7" };
    expect((await chat(gateway.url, elsewhere)).status).toBe(401);
  });

  test("no key is ever written to the log or the metrics", async () => {
    await using gateway = await startTestGateway({ yaml, env });
    await chat(gateway.url, { authorization: "Bearer operator-key-0123456789" });
    await chat(gateway.url, { authorization: "Bearer wrong-key-0123456789" });
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    await gateway.line(() => gateway.lines.filter(({ msg }) => msg === "call").length === 2);
    const written = JSON.stringify(gateway.lines) + metrics;
    expect(written).not.toContain("key-0123456789");
  });
});

describe("rate limits", () => {
  const yaml = `
gateway: { host: 127.0.0.1, port: 0 }
rate_limiting: { requests_per_minute: 60, burst: 2 }
`;

  test("REST gets 429 with Retry-After, gRPC RESOURCE_EXHAUSTED with RetryInfo, from one bucket", async () => {
    await using gateway = await startTestGateway({ yaml });
    const first = await chat(gateway.url);
    expect([first.status, first.headers.get("ratelimit-limit")]).toEqual([200, "2"]);
    expect((await chat(gateway.url)).status).toBe(200);
    const refused = await chat(gateway.url);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await refused.json()).toMatchObject({ error: { code: "RATE_LIMITED" } });
    const client = createClient(ChatService, createGrpcTransport({ baseUrl: gateway.url }));
    const error = await client.chat({ message: "x" }).catch(ConnectError.from);
    if (!(error instanceof ConnectError)) throw new Error("nothing was refused");
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
  });

  test("X-Forwarded-For counts only when a trusted proxy wrote it", async () => {
    const from = (address: string) => ({ "x-forwarded-for": address });
    await using strict = await startTestGateway({ yaml });
    for (const address of ["192.0.2.1", "192.0.2.2"]) await chat(strict.url, from(address));
    expect((await chat(strict.url, from("192.0.2.3"))).status).toBe(429);
    await using trusting = await startTestGateway({
      yaml: `${yaml}\ntrusted_proxies: [127.0.0.0/8]`,
    });
    for (const address of ["192.0.2.1", "192.0.2.1"]) await chat(trusting.url, from(address));
    expect((await chat(trusting.url, from("192.0.2.1"))).status).toBe(429);
    expect((await chat(trusting.url, from("192.0.2.3"))).status).toBe(200);
  });
});

describe("cross-origin answers", () => {
  const yaml = `
gateway: { host: 127.0.0.1, port: 0 }
cors: { enabled: true, origins: ["https://app.example.com"], methods: [GET, POST, OPTIONS], headers: [Content-Type, Authorization] }
`;

  test("a preflight is answered with what a browser's Connect and gRPC-Web clients need", async () => {
    await using gateway = await startTestGateway({ yaml });
    const answer = await fetch(`${gateway.url}/polygate.v1.ChatService/Chat`, {
      method: "OPTIONS",
      headers: {
        origin: "https://app.example.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": "connect-protocol-version,content-type",
      },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
    const allowed = answer.headers.get("access-control-allow-headers")?.toLowerCase().split(", ");
    expect(allowed).toEqual(
      expect.arrayContaining([
        "connect-protocol-version",
        "content-type",
        "authorization",
        "x-grpc-web",
      ]),
    );
  });

  test("an answer exposes its fields to an origin on the list and says nothing to others", async () => {
    await using gateway = await startTestGateway({ yaml });
    const known = await chat(gateway.url, { origin: "https://app.example.com" });
    expect(known.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
    expect(known.headers.get("access-control-expose-headers")).toContain("x-request-id");
    expect(known.headers.get("vary")).toContain("origin");
    const stranger = await chat(gateway.url, { origin: "https://evil.example" });
    expect(stranger.headers.get("access-control-allow-origin")).toBeNull();
    const noPage = await chat(gateway.url);
    expect(noPage.headers.get("vary"), "no cache may give this answer to a page").toBe("origin");
  });
});

describe("what operators rely on", () => {
  test("metrics name the port that the system chose", async () => {
    await using gateway = await startTestGateway();
    const { port } = new URL(gateway.url);
    await (await fetch(`${gateway.url}/livez`)).text();
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toContain(`endpoint="/livez",port="${port}",status="200"`);
  });

  test("a client's request id comes back and is in the log; an unfit one is replaced", async () => {
    await using gateway = await startTestGateway();
    const kept = await chat(gateway.url, { "x-request-id": "my-id-1" });
    expect(kept.headers.get("x-request-id")).toBe("my-id-1");
    const line = await gateway.line(
      ({ request_id, msg }) => request_id === "my-id-1" && msg === "call",
    );
    expect(line).toMatchObject({
      procedure: "polygate.v1.ChatService/Chat",
      endpoint: "/api/v1/chat",
      code: "OK",
      status: 200,
      upstream: "embedded",
      model: "polyagent-reference-1",
    });
    const replaced = await chat(gateway.url, { "x-request-id": "no id\twith spaces" });
    expect(replaced.headers.get("x-request-id")).toMatch(/^req_/);
  });

  test("every request leaves exactly one access line, calls or not", async () => {
    await using gateway = await startTestGateway();
    const id = (name: string) => ({ "x-request-id": name });
    const routing = ["Load balancing decision", "[PERFORMANCE]"];
    const isAccess = ({ request_id, msg }: Record<string, unknown>, name: string) =>
      request_id === name && !routing.includes(String(msg));
    await chat(gateway.url, id("call"));
    await fetch(`${gateway.url}/nowhere`, { headers: id("nowhere") });
    await fetch(`${gateway.url}/metrics`, { headers: id("page") });
    for (const name of ["call", "nowhere", "page"]) {
      await gateway.line((line) => isAccess(line, name));
    }
    const counts = ["call", "nowhere", "page"].map(
      (name) => gateway.lines.filter((line) => isAccess(line, name)).length,
    );
    expect(counts).toEqual([1, 1, 1]);
  });

  test("a path that nothing is served at is logged, bounded, on one line, without its query", async () => {
    await using gateway = await startTestGateway();
    const paths = ["/wp-login.php?key=sekret-key", `/${"x".repeat(1000)}`, "/a%0Ab", "/models/%ZZ"];
    for (const path of paths) await (await fetch(gateway.url + path)).text();
    await gateway.line(() => gateway.lines.filter(({ msg }) => msg === "request").length === 4);
    const lines = gateway.lines.filter(({ msg }) => msg === "request");
    expect(lines.map(({ path }) => path)).toEqual([
      "/wp-login.php",
      `/${"x".repeat(255)}…`,
      "/a%0Ab",
      "/models/%ZZ",
    ]);
    expect(JSON.stringify(gateway.lines)).not.toContain("sekret-key");
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).not.toContain("wp-login");
    await chat(gateway.url);
    const call = await gateway.line(({ msg }) => msg === "call");
    expect(call).not.toHaveProperty("path");
  });

  test("not to be ready is logged once, at info, however often it is asked", async () => {
    await using gateway = await startTestGateway({
      yaml: "gateway: { host: 127.0.0.1, port: 0, drain_delay: 10s }",
    });
    void gateway.gateway.drain();
    for (let probe = 0; probe < 3; probe++) {
      const answer = await fetch(`${gateway.url}/readyz`);
      expect([answer.status, await answer.json()]).toEqual([503, { status: "not ready" }]);
    }
    const probes = () => gateway.lines.filter(({ endpoint }) => endpoint === "/readyz");
    await gateway.line(() => probes().length === 3);
    expect(probes().map(({ level }) => level)).toEqual(["info", "debug", "debug"]);
  });

  test("reflection lists every service of the gateway", async () => {
    await using gateway = await startTestGateway();
    const client = createClient(ServerReflection, createGrpcTransport({ baseUrl: gateway.url }));
    async function* questions() {
      yield { messageRequest: { case: "listServices" as const, value: "" } };
    }
    for await (const { messageResponse } of client.serverReflectionInfo(questions())) {
      if (messageResponse.case !== "listServicesResponse") throw new Error("no list");
      expect(messageResponse.value.service.map(({ name }) => name)).toEqual([
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "inference.GRPCInferenceService",
        "polygate.v1.BackendsService",
        "polygate.v1.CacheService",
        "polygate.v1.ChatService",
        "polygate.v1.ConfigService",
        "polygate.v1.EmbeddingsService",
        "polygate.v1.HealthService",
        "polygate.v1.KeysService",
        "polygate.v1.LimitsService",
        "polygate.v1.ModelsService",
        "polygate.v1.PredictService",
        "polygate.v1.RequestsService",
        "polygate.v1.RoutingService",
        "polygate.v1.StatsService",
        "polygate.v1.UploadService",
      ]);
    }
  });

  test("a watch of health and of stats ends when the gateway drains, and calls under way finish", async () => {
    await using gateway = await startTestGateway();
    const transport = createGrpcTransport({ baseUrl: gateway.url });
    const states: Status[] = [];
    const health = createClient(Health, transport).watch({})[Symbol.asyncIterator]();
    states.push((await health.next()).value?.status);
    const stats = createClient(StatsService, transport).watchStats({})[Symbol.asyncIterator]();
    await stats.next();
    const drained = gateway.gateway.drain();
    states.push((await health.next()).value?.status);
    expect(states).toEqual([Status.SERVING, Status.NOT_SERVING]);
    expect((await stats.next()).done).toBe(true);
    expect((await health.next()).done).toBe(true);
    await drained;
  });

  test("cancelling a call reaches the log as CANCELLED on HTTP/2, too", async () => {
    await using gateway = await startTestGateway();
    const transport = createConnectTransport({ baseUrl: gateway.url, httpVersion: "2" });
    const leave = new AbortController();
    const watch = createClient(StatsService, transport).watchStats({}, { signal: leave.signal });
    const messages = watch[Symbol.asyncIterator]();
    await messages.next();
    leave.abort();
    await expect(messages.next()).rejects.toThrow();
    const line = await gateway.line(({ msg, code }) => msg === "call" && code === "CANCELLED");
    expect(line.procedure).toBe("polygate.v1.StatsService/WatchStats");
  });

  test("bytes after a finished call do not disturb the next one on the connection", async () => {
    await using gateway = await startTestGateway();
    const session = connectHttp2(gateway.url);
    for (const path of ["/livez", "/nowhere", "/livez"]) {
      const stream = session.request({ ":path": path });
      const [head] = await once(stream, "response");
      stream.resume();
      await once(stream, "close");
      expect(head[":status"]).toBe(path === "/livez" ? 200 : 404);
    }
    session.close();
  });
});
