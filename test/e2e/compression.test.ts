/** Compressed responses on real sockets: every engine, REST and pages, and what is left as it is. */

import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compressor } from "#http/compressor.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

type Send = (url: string, request: Sent) => Promise<Received>;

function headersOf({ accept, headers = {}, body }: Sent) {
  return {
    ...(accept === undefined ? {} : { "accept-encoding": accept }),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...headers,
  };
}

const overHttp1: Send = async (url, sent) => {
  const { method = sent.body === undefined ? "GET" : "POST", path, body } = sent;
  const request = httpRequest(url + path, { method, headers: headersOf(sent) });
  request.end(body);
  const [response] = await once(request, "response");
  const bytes = Buffer.concat(await Array.fromAsync<Buffer>(response));
  return { status: response.statusCode, headers: response.headers, bytes };
};

const sessions = new Map<string, ClientHttp2Session>();
afterAll(() => {
  for (const session of sessions.values()) session.close();
});

const overHttp2: Send = async (url, sent) => {
  const { method = sent.body === undefined ? "GET" : "POST", path, body } = sent;
  const session = sessions.get(url) ?? connectHttp2(url);
  sessions.set(url, session);
  const stream = session.request({ ":method": method, ":path": path, ...headersOf(sent) });
  stream.end(body);
  const [{ ":status": status, ...headers }] = await once(stream, "response");
  return { status, headers, bytes: Buffer.concat(await Array.fromAsync<Buffer>(stream)) };
};

const decode = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };

/** The body as its response says it is coded. */
function textOf({ headers, bytes }: Received): string {
  const coding = headers["content-encoding"];
  return (coding === undefined ? bytes : decode[coding as keyof typeof decode](bytes)).toString();
}

/** A chat whose response repeats its message. */
const echo = (characters: number) =>
  JSON.stringify({ message: `echo ${"word ".repeat(characters / 5)}` });
const acceptAll = "gzip, deflate, br, zstd";

const wires = [
  { name: "HTTP/1.1", send: overHttp1, engines: "" },
  { name: "HTTP/2", send: overHttp2, engines: "" },
  { name: "HTTP/1.1 by node:http", send: overHttp1, engines: ", http1_engine: node" },
  { name: "HTTP/2 by node:http2", send: overHttp2, engines: ", http2_engine: node" },
];

describe.each(wires)("over $name", ({ send, engines }) => {
  let gateway: RunningGateway;
  const ask = (sent: Sent) => send(gateway.url, sent);

  beforeAll(async () => {
    const yaml = `
gateway: { host: 127.0.0.1, port: 0${engines} }
cors: { origins: ["https://app.example"] }
`;
    gateway = await startTestGateway({ yaml });
    return () => gateway[Symbol.asyncDispose]();
  }, 30_000);

  test.each(["gzip", "br", "zstd"])(
    "%s: REST, a page that changes and one that does not",
    async (accept) => {
      for (const sent of [
        { path: "/api/v1/chat", body: echo(2_000) },
        { path: "/api/v1/chat", body: echo(30_000) },
        { path: "/metrics" },
        { path: "/openapi.json" },
      ]) {
        const { status, headers, bytes } = await ask({ ...sent, accept });
        expect([status, headers["content-encoding"]], sent.path).toEqual([200, accept]);
        expect(headers["content-length"]).toBe(String(bytes.length));
        expect(headers.vary, "with CORS").toBe("origin, accept-encoding");
      }
      const document = await ask({ path: "/openapi.json", accept });
      expect(JSON.parse(textOf(document))).toHaveProperty("openapi");
      expect(document.bytes.length).toBeLessThan(textOf(document).length / 5);
      const chat = await ask({ path: "/api/v1/chat", body: echo(30_000), accept });
      expect(JSON.parse(textOf(chat)).response).toContain("word word");
    },
  );

  test("whoever says nothing gets identity, and caches learn of it", async () => {
    const { headers, bytes } = await ask({ path: "/openapi.json" });
    expect(headers).toMatchObject({ vary: "origin, accept-encoding" });
    expect(headers["content-encoding"]).toBeUndefined();
    expect(JSON.parse(bytes.toString())).toHaveProperty("openapi");
  });

  test("a tag holds for a page in every coding", async () => {
    const { headers } = await ask({ path: "/docs/page.js", accept: "br" });
    const etag = headers.etag ?? "";
    expect(etag).toMatch(/^W\//);
    for (const accept of ["br", "gzip", "identity"]) {
      const again = await ask({
        path: "/docs/page.js",
        accept,
        headers: { "if-none-match": etag },
      });
      expect([again.status, again.bytes.length]).toEqual([304, 0]);
      expect(again.headers).toMatchObject({ etag, vary: "origin, accept-encoding" });
      expect(again.headers["content-encoding"]).toBeUndefined();
    }
  });

  test("HEAD gets the head of identity", async () => {
    const { status, headers, bytes } = await ask({
      method: "HEAD",
      path: "/openapi.json",
      accept: acceptAll,
    });
    expect([status, bytes.length]).toEqual([200, 0]);
    expect(headers["content-encoding"]).toBeUndefined();
    expect(Number(headers["content-length"])).toBeGreaterThan(10_000);
  });

  test.each([
    ["events", "text/event-stream"],
    ["JSON lines", "application/x-ndjson"],
    ["a JSON array", "application/json"],
  ])("a stream as %s is sent as it is, message by message", async (_, type) => {
    const body = JSON.stringify({ message: `echo ${"word ".repeat(600)}` });
    const sent = {
      path: "/api/v1/chat:stream",
      body,
      accept: acceptAll,
      headers: { accept: type },
    };
    const { status, headers, bytes } = await ask(sent);
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe(type);
    expect(headers["content-encoding"]).toBeUndefined();
    expect(bytes.length).toBeGreaterThan(10_000);
  });

  test("a large error is compressed, too", async () => {
    const messages = Array.from({ length: 40 }, () => ({ role: "nobody" }));
    const body = JSON.stringify({ messages });
    const refused = await ask({ path: "/api/v1/chat", body, accept: "gzip" });
    expect([refused.status, refused.headers["content-encoding"]]).toEqual([400, "gzip"]);
    expect(JSON.parse(textOf(refused)).error.code).toBe("REQUEST_INVALID");
  });

  test("a client that takes nothing that is spoken here is refused before the call", async () => {
    const refused = { accept: "compress, identity;q=0" };
    for (const sent of [{ path: "/api/v1/chat", body: echo(10) }, { path: "/openapi.json" }]) {
      const { status, headers, bytes } = await ask({ ...sent, ...refused });
      expect([status, JSON.parse(textOf({ status, headers, bytes })).error.code]).toEqual([
        406,
        "NOT_ACCEPTABLE",
      ]);
    }
    const small = await ask({ path: "/livez", accept: "identity;q=0, br" });
    expect(small.headers["content-encoding"]).toBe("br");
    expect(textOf(small)).toBe('{"status":"alive"}');
  });

  test("many large ones at one time all arrive, however many of them are compressed", async () => {
    const asked = Array.from({ length: 24 }, () =>
      ask({ path: "/api/v1/chat", body: echo(100_000), accept: "gzip" }),
    );
    for (const answer of await Promise.all(asked)) {
      expect(JSON.parse(textOf(answer)).response.length).toBeGreaterThan(90_000);
    }
    expect(compressor.running).toBe(0);
  });
});

test("rest.compression: the smallest size and the codings are the operator's", async () => {
  await using gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
rest: { compression: { min_size: 10, codings: [gzip, br] } }
`,
  });
  const { headers } = await overHttp1(gateway.url, { path: "/livez", accept: acceptAll });
  expect(headers["content-encoding"]).toBe("gzip");
  const zstd = await overHttp1(gateway.url, { path: "/models", accept: "zstd" });
  expect(zstd.headers).toMatchObject({ vary: "accept-encoding" });
  expect(zstd.headers["content-encoding"]).toBeUndefined();
});

test("rest.compression.enabled: false sends everything as it is", async () => {
  await using gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
rest: { compression: { enabled: false } }
`,
  });
  for (const path of ["/openapi.json", "/metrics"]) {
    const { headers } = await overHttp1(gateway.url, { path, accept: acceptAll });
    expect(headers["content-encoding"]).toBeUndefined();
    expect(headers.vary).toBeUndefined();
  }
});
