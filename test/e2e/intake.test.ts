/** One intake for every surface: who calls is judged before what is sent, and each refusal has its line in the log. */

import { once } from "node:events";
import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    yaml: "gateway: { host: 127.0.0.1, port: 0 }\nauth: { keys: [{ name: test, key: the-key-of-the-test }] }",
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

interface Row {
  readonly name: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What is wrong with it, beside the key that is not there. */
  readonly body: string;
  /** HTTP status without a key, and with one. */
  readonly statuses: readonly [refused: number, malformed: number];
}

const json = { "content-type": "application/json" };
const late = { "grpc-timeout": "soon" };
const upgrade = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

const rows: readonly Row[] = [
  {
    name: "REST",
    path: "/api/v1/chat",
    headers: { ...json, ...late },
    body: "{}",
    statuses: [401, 400],
  },
  {
    name: "REST, by its body",
    path: "/api/v1/chat",
    headers: json,
    body: "{message",
    statuses: [401, 400],
  },
  {
    name: "REST, a stream",
    path: "/api/v1/chat:stream",
    headers: { ...json, ...late },
    body: "{}",
    statuses: [401, 400],
  },
  {
    name: "WebSocket",
    path: "/api/v1/chat:stream",
    headers: { ...upgrade, ...late },
    body: "",
    statuses: [401, 400],
  },
  {
    name: "Connect",
    path: "/polygate.v1.ChatService/Chat",
    headers: { ...json, "connect-timeout-ms": "soon" },
    body: "{}",
    statuses: [401, 400],
  },
  {
    name: "Connect, by its body",
    path: "/polygate.v1.ChatService/Chat",
    headers: json,
    body: "{message",
    statuses: [401, 400],
  },
  {
    name: "gRPC-Web",
    path: "/polygate.v1.ChatService/Chat",
    headers: { "content-type": "application/grpc-web+proto", ...late },
    body: "",
    statuses: [200, 200],
  },
  { name: "OpenAI", path: "/v1/chat/completions", headers: json, body: "{", statuses: [401, 400] },
  { name: "Responses", path: "/v1/responses", headers: json, body: "{", statuses: [401, 400] },
  {
    name: "a relayed operation",
    path: "/v1/moderations",
    headers: json,
    body: "{",
    statuses: [401, 400],
  },
  {
    name: "embeddings",
    path: "/v1/embeddings",
    headers: json,
    body: "{",
    statuses: [401, 400],
  },
  { name: "Anthropic", path: "/v1/messages", headers: json, body: "{", statuses: [401, 400] },
  {
    name: "Gemini",
    path: "/v1beta/models/m:generateContent",
    headers: json,
    body: "{",
    statuses: [401, 400],
  },
];

async function send({ path, headers, body }: Row, more: Record<string, string>): Promise<number> {
  const isUpgrade = "upgrade" in headers;
  const outgoing = request(gateway.url + path, {
    method: isUpgrade ? "GET" : "POST",
    headers: { ...headers, ...more },
  });
  outgoing.end(body);
  const [incoming] = await once(outgoing, "response");
  incoming.resume();
  await once(incoming, "end");
  return incoming.statusCode;
}

/** The lines of a request, once one of them is there. */
async function linesOf(id: string) {
  const isOf = (line: Record<string, unknown>) =>
    line.request_id === id && (line.msg === "call" || line.msg === "request");
  await gateway.line(isOf);
  return gateway.lines.filter(isOf);
}

describe.each(rows)("$name", (row) => {
  test("without a key is refused for that, whatever else is wrong, with one line as a call", async () => {
    const id = `no-key ${row.name}`.replaceAll(/[^\w-]/g, "_");
    expect(await send(row, { "x-request-id": id })).toBe(row.statuses[0]);
    expect(await linesOf(id)).toMatchObject([{ msg: "call", reason: "CREDENTIAL_MISSING" }]);
  });

  test("with a key is refused for what is malformed, with one line as a call", async () => {
    const id = `key ${row.name}`.replaceAll(/[^\w-]/g, "_");
    const sent = { "x-request-id": id, authorization: "Bearer the-key-of-the-test" };
    expect(await send(row, sent)).toBe(row.statuses[1]);
    expect(await linesOf(id)).toMatchObject([
      { msg: "call", reason: expect.stringMatching(/_(?:INVALID|MALFORMED)$/) },
    ]);
  });
});

test("gRPC over HTTP/2 is refused in the same order", async () => {
  const session = connectHttp2(gateway.url);
  const ask = async (more: Record<string, string>) => {
    const stream = session.request({
      ":method": "POST",
      ":path": "/polygate.v1.ChatService/Chat",
      "content-type": "application/grpc",
      te: "trailers",
      ...late,
      ...more,
    });
    const ended = Promise.race([once(stream, "trailers"), once(stream, "response")]);
    stream.end();
    stream.resume();
    const [fields] = (await ended) as [Record<string, string>];
    await once(stream, "close");
    return fields["grpc-status"];
  };
  try {
    expect(await ask({ "x-request-id": "grpc-no-key" })).toBe("16");
    expect(await linesOf("grpc-no-key")).toMatchObject([{ reason: "CREDENTIAL_MISSING" }]);
    const key = { authorization: "Bearer the-key-of-the-test" };
    expect(await ask({ "x-request-id": "grpc-key", ...key })).not.toBe("16");
    expect(await linesOf("grpc-key")).toMatchObject([{ msg: "call" }]);
  } finally {
    session.close();
  }
});
