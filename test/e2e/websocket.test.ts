/** Streaming calls over WebSocket through a whole gateway, by the platform's own client. */

import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { clientTls, serverTls } from "../support/tls.ts";

const key = "a-key-that-is-long-enough";
const path = "/api/v1/chat:stream";

/** Sends one message and waits for the end: every text, and how it closed. */
async function callOver(url: string, message: object, headers: Record<string, string> = {}) {
  // Node's own extension of the constructor: fields of the handshake.
  const socket = new WebSocket(url.replace(/^http/, "ws"), { headers } as unknown as string[]);
  const texts: string[] = [];
  socket.addEventListener("message", ({ data }) => texts.push(data));
  socket.addEventListener("open", () => socket.send(JSON.stringify(message)));
  const [{ code, reason }] = await once(socket, "close");
  return { texts: texts.map((text) => JSON.parse(text)), code, reason };
}

/** What a request with these header fields is answered. */
async function answerTo(url: string, headers: Record<string, string>) {
  const request = httpRequest(url, { headers: { connection: "Upgrade", ...headers } }).end();
  const [answer, socket] = await Promise.race([
    once(request, "response"),
    once(request, "upgrade"),
  ]);
  socket?.destroy();
  answer.resume();
  return answer as IncomingMessage;
}

const handshake = {
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

describe.each(["polygate", "node"])("a WebSocket, HTTP/1.1 by the engine of %s,", (engine) => {
  let gateway: RunningGateway;

  beforeAll(async () => {
    gateway = await startTestGateway({
      yaml: `gateway: { host: 127.0.0.1, port: 0, http1_engine: ${engine} }`,
    });
    return () => gateway[Symbol.asyncDispose]();
  });

  test("carries a streaming call, its messages one text each", async () => {
    const { texts, code } = await callOver(gateway.url + path, {
      message: "what is 12*7?",
      use_tools: true,
    });
    expect(texts.map(({ delta }) => delta).join("")).toContain("84");
    expect(texts.at(-1)).toMatchObject({ done: true, usage: { total_tokens: expect.any(Number) } });
    expect(code).toBe(1000);
  });

  test("is counted and logged by its path, with the request id that the client named", async () => {
    await callOver(gateway.url + path, { message: "hi" }, { "x-request-id": "ws-17" });
    const line = await gateway.line(
      ({ request_id, msg }) => request_id === "ws-17" && msg === "call",
    );
    expect(line).toMatchObject({ procedure: "polygate.v1.ChatService/StreamChat" });
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(
      /http_requests_total\{(?=[^}]*status="101")(?=[^}]*endpoint="\/api\/v1\/chat:stream")/,
    );
  });

  test("is refused by the rules of every call: validation, with the field's name", async () => {
    // No core would mind the temperature.
    const message = { message: "hi", temperature: 9 };
    const { texts, code, reason } = await callOver(gateway.url + path, message);
    expect(texts).toMatchObject([{ error: { code: "REQUEST_INVALID" } }]);
    expect(JSON.stringify(texts)).toContain("temperature");
    expect([code, reason]).toEqual([1008, "REQUEST_INVALID"]);
  });

  test.each([
    { name: "of a path without a stream is 404", at: "/health", status: 404 },
    { name: "without a key of its own is 400", at: path, key: "short", status: 400 },
  ])("$name, in the shape of REST's errors", async ({ at, key: own, status }) => {
    const fields = own === undefined ? handshake : { ...handshake, "sec-websocket-key": own };
    const answer = await answerTo(gateway.url + at, fields);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers).toMatchObject({
      "content-type": "application/json",
      "x-request-id": expect.stringMatching(/^req_/),
    });
  });

  test("of a page from elsewhere is refused, of this host's own taken", async () => {
    const elsewhere = { ...handshake, origin: "https://elsewhere.example" };
    expect((await answerTo(gateway.url + path, elsewhere)).statusCode).toBe(403);
    const own = { ...handshake, origin: gateway.url };
    expect((await answerTo(gateway.url + path, own)).statusCode).toBe(101);
  });

  test("an offer of any other protocol is passed over", async () => {
    const offer = { upgrade: "h2c", "http2-settings": "AAMAAABkAAQAAP__" };
    expect((await answerTo(`${gateway.url}/health`, offer)).statusCode).toBe(200);
  });
});

test("needs the credential that every call needs", async () => {
  await using guarded = await startTestGateway({
    yaml: `{ gateway: { host: 127.0.0.1, port: 0 }, auth: { keys: [{ name: a, key: ${key} }] } }`,
  });
  const question = { message: "hello" };
  expect((await answerTo(guarded.url + path, handshake)).statusCode).toBe(401);
  const allowed = { authorization: `Bearer ${key}` };
  expect((await callOver(guarded.url + path, question, allowed)).code).toBe(1000);
});

test("takes the key of a browser, which has no field for one, and writes it nowhere", async () => {
  await using guarded = await startTestGateway({
    yaml: `{ gateway: { host: 127.0.0.1, port: 0 }, auth: { keys: [{ name: a, key: ${key} }] } }`,
  });
  const open = async (protocols: string[]) => {
    const socket = new WebSocket(guarded.url.replace("http", "ws") + path, protocols);
    socket.addEventListener("open", () => socket.send('{"message":"hello"}'));
    const [{ code }] = await once(socket, "close");
    return { code, protocol: socket.protocol };
  };
  expect(await open(["bearer", key])).toEqual({ code: 1000, protocol: "bearer" });
  expect(await open(["bearer", "another-key-of-some-length"])).toEqual({
    code: 1006,
    protocol: "",
  });
  expect(await open(["json"])).toEqual({ code: 1006, protocol: "" });
  const offer = { "sec-websocket-protocol": `bearer, ${key}` };
  const answer = await answerTo(guarded.url + path, { ...handshake, ...offer });
  expect(JSON.stringify([answer.statusCode, answer.rawHeaders])).not.toContain(key);
  expect(answer.headers["sec-websocket-protocol"]).toBe("bearer");
  const line = await guarded.line(({ msg, principal }) => msg === "call" && principal === "a");
  expect(line).toMatchObject({ procedure: "polygate.v1.ChatService/StreamChat" });
  const log = JSON.stringify(guarded.lines);
  expect(log).not.toContain(key);
  expect(log).not.toContain("another-key-of-some-length");
});

test("of an allowed origin is taken", async () => {
  await using open = await startTestGateway({
    yaml: "{ gateway: { host: 127.0.0.1, port: 0 }, cors: { origins: ['https://app.example'] } }",
  });
  const from = (origin: string) => answerTo(open.url + path, { ...handshake, origin });
  expect((await from("https://app.example")).statusCode).toBe(101);
  expect((await from("https://other.example")).statusCode).toBe(403);
});

test("is no WebSocket where REST is not served", async () => {
  await using rpcOnly = await startTestGateway({
    yaml: "listeners: [{ name: rpc, host: 127.0.0.1, port: 0, serves: [rpc] }]",
  });
  expect((await answerTo(rpcOnly.url + path, handshake)).statusCode).toBe(404);
});

test("is carried by TLS as well", async () => {
  const { certFile, keyFile } = serverTls;
  await using secure = await startTestGateway({
    yaml: `listeners: [{ name: tls, host: 127.0.0.1, port: 0, tls: { cert_file: ${certFile}, key_file: ${keyFile} } }]`,
  });
  const request = httpsRequest(secure.url + path, {
    ...clientTls,
    headers: { connection: "Upgrade", ...handshake },
  }).end();
  const [answer, socket] = await once(request, "upgrade");
  socket.destroy();
  expect(answer.headers["sec-websocket-accept"]).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

test("ends when the gateway stops, and does not hold it up", async () => {
  const gateway = await startTestGateway();
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/api/v1/stats:watch`);
  socket.addEventListener("open", () => socket.send("{}"));
  await once(socket, "message");
  const closed = once(socket, "close");
  await gateway.gateway.drain();
  const [{ code }] = await closed;
  expect([1000, 1001, 1008, 1011]).toContain(code);
  await gateway[Symbol.asyncDispose]();
});
