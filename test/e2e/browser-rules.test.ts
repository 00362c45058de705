/** What browsers are told: security headers on all that they may show and on no RPC, origins and hosts per listener. */

import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { cors as connectCors } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { clientTls, serverTls } from "../support/tls.ts";

/** As the seed has them; where it leaves the value open, what it must say. */
const wanted: Readonly<Record<string, string | RegExp>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "x-xss-protection": "1; mode=block",
  "content-security-policy": /^default-src 'none'; .*frame-ancestors 'none'/,
  "referrer-policy": "strict-origin-when-cross-origin",
  "permissions-policy": /\bcamera=\(\), .*\bmicrophone=\(\)/,
};
const hsts = "strict-transport-security";
const names = [...Object.keys(wanted), hsts];

const yaml = (engine: string) => `
portal: { folder: nowhere } # what / is without one
trusted_proxies: [127.0.0.1]
gateway: { http1_engine: ${engine}, http2_engine: ${engine}, allowed_hosts: ["*.gate.example", gate.example, localhost, 127.0.0.1, "::1"] }
cors: { origins: ["https://app.example"] }
auth: { keys: [{ name: app, key: a-key-that-is-long-enough }] }
listeners:
  - { name: plain, host: 127.0.0.1, port: 0 }
  - { name: tls, host: 127.0.0.1, port: 0, tls: { cert_file: ${serverTls.certFile}, key_file: ${serverTls.keyFile} } }
  - { name: partner, host: 127.0.0.1, port: 0, allowed_hosts: [partner.example], cors: { origins: ["https://partner.example"], credentials: true } }
  - { name: closed, host: 127.0.0.1, port: 0, cors: { enabled: false } }
`;

interface Sent {
  readonly name: string;
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
}

const shown: readonly Sent[] = [
  { name: "home, as JSON", path: "/", status: 200 },
  { name: "home", path: "/", headers: { accept: "text/html" }, status: 200 },
  { name: "documentation", path: "/docs", status: 200 },
  { name: "its script", path: "/docs/answer.js", status: 200 },
  { name: "document", path: "/openapi.json", status: 200 },
  { name: "icon", path: "/favicon.svg", status: 200 },
  { name: "liveness", path: "/livez", status: 200 },
  { name: "metrics", path: "/metrics", status: 200 },
  { name: "redirection", path: "/status", status: 307 },
  { name: "no path", path: "/<script>alert(1)</script>", status: 404 },
  { name: "REST", path: "/models", status: 200 },
  { name: "REST, no key", path: "/models", headers: { authorization: "" }, status: 401 },
  { name: "REST, bad", path: "/api/v1/chat", body: "{}", status: 400 },
  { name: "events", path: "/api/v1/chat:stream", body: '{"message":"hi"}', status: 200 },
  { name: "OpenAI", path: "/v1/models", status: 200 },
  { name: "OpenAI, bad", path: "/v1/chat/completions", body: "{}", status: 400 },
  { name: "Anthropic, bad", path: "/v1/messages", body: "{}", status: 400 },
  { name: "Gemini, bad", path: "/v1beta/models/x:generateContent", body: "{", status: 400 },
  { name: "Open Inference", path: "/v2/models/digits", status: 200 },
  { name: "TensorFlow Serving", path: "/v1/models/digits/metadata", status: 200 },
  { name: "an unknown method", method: "BREW", path: "/", status: 501 },
];

const chat = "/polygate.v1.ChatService/Chat";
const empty = "\0\0\0\0\0";
const called: readonly Sent[] = [
  { name: "Connect", path: chat, body: '{"message":"hi"}', status: 200 },
  { name: "Connect, bad", path: chat, body: "{}", status: 400 },
  { name: "Connect, no key", path: chat, body: "{}", headers: { authorization: "" }, status: 401 },
  { name: "gRPC-Web", path: chat, body: empty, type: "application/grpc-web+proto", status: 200 },
  { name: "gRPC", path: chat, body: empty, type: "application/grpc", status: 200 },
  {
    name: "gRPC, no method",
    path: "/no.Service/None",
    body: empty,
    type: "application/grpc",
    status: 200,
  },
  {
    name: "preflight",
    method: "OPTIONS",
    path: chat,
    headers: { origin: "https://app.example", "access-control-request-method": "POST" },
    status: 204,
  },
];

type Answer = { readonly status: number; readonly headers: Readonly<Record<string, string>> };

const portOf = (gateway: RunningGateway, name: string) =>
  Number(new URL(gateway.urls[name] ?? "").port);
const fieldsOf = ({ body, type = "application/json", headers }: Partial<Sent>) => ({
  authorization: "Bearer a-key-that-is-long-enough",
  ...(body === undefined ? {} : { "content-type": type }),
  ...headers,
});
const methodOf = ({ method, body }: Partial<Sent>) =>
  method ?? (body === undefined ? "GET" : "POST");

async function overHttp1(gateway: RunningGateway, sent: Sent, listener = "plain"): Promise<Answer> {
  const options = {
    ...{ host: "127.0.0.1", port: portOf(gateway, listener), path: sent.path },
    ...{ method: methodOf(sent), headers: fieldsOf(sent), ca: clientTls.ca },
    servername: "localhost",
  };
  const request = listener === "tls" ? httpsRequest(options) : httpRequest(options);
  request.end(sent.body);
  const [{ statusCode: status, headers }] = await once(request, "response").then(([response]) => {
    response.resume();
    return [response];
  });
  return { status, headers };
}

async function overHttp2(gateway: RunningGateway, sent: Sent, listener = "plain"): Promise<Answer> {
  const scheme = listener === "tls" ? "https" : "http";
  const session = connectHttp2(`${scheme}://localhost:${portOf(gateway, listener)}`, {
    ca: clientTls.ca,
  });
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: methodOf(sent),
    [constants.HTTP2_HEADER_PATH]: sent.path,
    ...fieldsOf(sent),
  });
  stream.end(sent.body);
  const [{ ":status": status, ...headers }] = await once(stream, "response");
  await once(stream.resume(), "close");
  session.close();
  return { status, headers };
}

describe.each(["polygate", "node"])("with the engines of %s", (engine) => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ yaml: yaml(engine) });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  describe.each([
    { wire: "HTTP/1.1", send: overHttp1 },
    { wire: "HTTP/2", send: overHttp2 },
  ])("over $wire", ({ send }) => {
    test.each(shown)("$name has the headers of the seed", async (sent) => {
      const { status, headers } = await send(gateway, sent);
      expect(status).toBe(sent.status);
      for (const [name, value] of Object.entries(wanted)) {
        expect([name, headers[name]]).toEqual([name, expect.stringMatching(value)]);
      }
      expect(headers).not.toHaveProperty(hsts);
    });

    test.each(called)("$name has none of them", async (sent) => {
      for (const listener of ["plain", "tls"]) {
        const { status, headers } = await send(gateway, sent, listener);
        expect(status).toBe(sent.status);
        expect(names.filter((name) => headers[name] !== undefined)).toEqual([]);
      }
    });

    test("over TLS browsers are told to stay there", async () => {
      const { headers } = await send(gateway, { name: "", path: "/livez", status: 200 }, "tls");
      expect(headers[hsts]).toBe("max-age=63072000; includeSubDomains; preload");
    });

    test.each([
      { headers: { "x-forwarded-proto": "https" } },
      { headers: { forwarded: "for=192.0.2.1;proto=https" } },
    ])("so they are where a trusted proxy says $headers", async ({ headers }) => {
      const sent = { name: "", path: "/livez", headers, status: 200 };
      expect((await send(gateway, sent)).headers[hsts]).toBeDefined();
    });
  });

  test("what is no request is refused with the headers", async () => {
    const socket = connect(portOf(gateway, "plain"), "127.0.0.1");
    socket.end("GET / HTTP/9.9\r\n\r\n");
    const [answer] = await once(socket, "data");
    expect(String(answer)).toContain("x-frame-options: DENY\r\n");
  });

  test("a page has no more than one policy", async () => {
    const { headers } = await overHttp1(gateway, { name: "", path: "/docs", status: 200 });
    expect(headers["content-security-policy"]).toContain("script-src 'self'");
    expect(headers["content-security-policy"]?.match(/default-src/g)).toHaveLength(1);
  });
});

describe("origins and hosts", () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ yaml: yaml("polygate") });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const preflight = (listener: string, origin: string, headers = {}) =>
    overHttp1(
      gateway,
      {
        ...{ name: "", path: chat, method: "OPTIONS", status: 204 },
        headers: { origin, "access-control-request-method": "POST", ...headers },
      },
      listener,
    );
  const allowed = async (...asked: Parameters<typeof preflight>) =>
    (await preflight(...asked)).headers["access-control-allow-origin"];

  test("a listener's own origins stand in place of the general ones", async () => {
    const partner = { host: "partner.example" };
    expect(await allowed("plain", "https://app.example")).toBe("https://app.example");
    expect(await allowed("plain", "https://partner.example")).toBeUndefined();
    expect(await allowed("partner", "https://app.example", partner)).toBeUndefined();
    const { headers } = await preflight("partner", "https://partner.example", partner);
    expect(headers).toMatchObject({
      "access-control-allow-origin": "https://partner.example",
      "access-control-allow-credentials": "true",
    });
    expect(await allowed("closed", "https://app.example")).toBeUndefined();
  });

  test("a preflight allows what clients of Connect and gRPC-Web send, by the documentation of Connect", async () => {
    const { headers } = await preflight("plain", "https://app.example");
    const listed = (name: string) => headers[name]?.toLowerCase().split(", ") ?? [];
    const documented =
      "content-type connect-protocol-version connect-timeout-ms grpc-timeout x-grpc-web x-user-agent";
    const ofLibrary = connectCors.allowedHeaders.map((name) => name.toLowerCase());
    expect(listed("access-control-allow-headers")).toEqual(
      expect.arrayContaining([...documented.split(" "), ...ofLibrary]),
    );
    expect(listed("access-control-allow-methods")).toEqual(expect.arrayContaining(["get", "post"]));
    const answer = await overHttp1(gateway, {
      ...{ name: "", path: chat, body: "{}", status: 400 },
      headers: { origin: "https://app.example" },
    });
    expect(answer.headers["access-control-expose-headers"]?.split(", ")).toEqual(
      expect.arrayContaining(["grpc-status", "grpc-message", "grpc-status-details-bin"]),
    );
  });

  const asking = (host: string, path = "/models", listener = "plain", more = {}) =>
    overHttp1(gateway, { name: "", path, status: 0, headers: { host, ...more } }, listener);

  test.each([
    { host: "gate.example", status: 200 },
    { host: "GATE.example:8080", status: 200 },
    { host: "gate.example.", status: 200 },
    { host: "eu.api.gate.example", status: 200 },
    { host: "[::1]:8080", status: 200 },
    { host: "evil.example", status: 421 },
    { host: "evilgate.example", status: 421 },
    { host: ".gate.example", status: 421 },
    { host: "gate.example.evil.example", status: 421 },
    { host: "partner.example", status: 421 },
  ])("a request for $host gets $status", async ({ host, status }) => {
    expect((await asking(host)).status).toBe(status);
  });

  test("the host that a trusted proxy was asked for is the one that counts", async () => {
    const told = (host: string) => ({ "x-forwarded-host": host });
    expect((await asking("10.0.0.7", "/models", "plain", told("gate.example"))).status).toBe(200);
    expect((await asking("gate.example", "/models", "plain", told("evil.example"))).status).toBe(
      421,
    );
  });

  test("probes may come by an address, calls and WebSockets may not", async () => {
    expect((await asking("10.0.0.7", "/livez")).status).toBe(200);
    expect((await asking("10.0.0.7", "/readyz")).status).toBe(200);
    expect((await asking("10.0.0.7", chat)).status).toBe(421);
    const upgrade = {
      ...{ connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" },
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const refused = await asking("evil.example", "/v1/responses", "plain", upgrade);
    expect(refused.status).toBe(421);
    expect(refused.headers["x-frame-options"]).toBe("DENY");
  });
});
