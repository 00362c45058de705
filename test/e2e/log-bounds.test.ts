/** How much of the log one request can fill: one line, of a bounded length, whatever is in the request. */

import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    yaml: "{ gateway: { host: 127.0.0.1, port: 0 }, trusted_proxies: [127.0.0.1], logging: { level: debug } }",
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** Sends bytes over HTTP/1.1 and waits for the end of the connection. */
async function raw(text: string): Promise<void> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  socket.end(text, "latin1");
  socket.resume();
  await once(socket, "close");
}

async function overHttp2(headers: Record<string, string>): Promise<void> {
  const session = connectHttp2(gateway.url);
  session.on("error", () => {});
  const stream = session.request({ ":path": "/livez", ...headers });
  stream.on("error", () => {}).resume();
  stream.end();
  await once(stream, "close");
  session.destroy();
}

const long = "x".repeat(12_000);
const control = "\\u0001".repeat(200_000);
const json = (body: string) =>
  fetch(`${gateway.url}/api/v1/chat`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });

const head = "Host: a\r\nConnection: close\r\n";
const requests: Readonly<Record<string, () => Promise<unknown>>> = {
  "a method": () => raw(`${long.toUpperCase()} /livez HTTP/1.1\r\n${head}\r\n`),
  "a path": () => raw(`GET /${long} HTTP/1.1\r\n${head}\r\n`),
  "a path of escapes": () => raw(`GET /${"%00".repeat(4000)} HTTP/1.1\r\n${head}\r\n`),
  "a request id": () => raw(`GET /livez HTTP/1.1\r\n${head}X-Request-Id: ${long}\r\n\r\n`),
  "an address with a zone": () =>
    raw(`GET /livez HTTP/1.1\r\n${head}X-Forwarded-For: fe80::1%${long}\r\n\r\n`),
  "what is no HTTP": () => raw(`${"\x01".repeat(12_000)}\r\n\r\n`),
  "a method over HTTP/2": () => overHttp2({ ":method": long.toUpperCase() }),
  "a path over HTTP/2": () => overHttp2({ ":path": `/${long}` }),
  "an authority over HTTP/2": () => overHttp2({ ":authority": long }),
  "a key that no field has": () => json(`{"${control}":1}`),
  "a value that is none": () => json(`{"temperature":"${control}"}`),
  "many things that are wrong": () =>
    json(`{"messages":[${Array(3000).fill('{"role":"\\u0001"}').join()}]}`),
  "a model": () => json(`{"message":"hello","model_preference":"${control.slice(0, 60_000)}"}`),
};

test.each(Object.entries(requests))("%s", async (_, send) => {
  const before = gateway.lines.length;
  await send().catch(() => {});
  // A request after it: when its line is there, those before it are.
  const id = `marker-${before}`;
  await (await fetch(`${gateway.url}/livez`, { headers: { "x-request-id": id } })).text();
  await gateway.line(({ request_id }) => request_id === id);
  const own = gateway.lines.slice(before).filter(({ request_id }) => request_id !== id);
  expect(own.length).toBeLessThanOrEqual(2);
  for (const line of own) expect(JSON.stringify(line).length).toBeLessThan(16_384);
});
