/** What HTTP asks of a server beside calls: OPTIONS, targets in absolute form, answers to broken requests. */

import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorCode } from "#http2/error-code.ts";
import { frameType } from "#http2/frames.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import {
  framesIn,
  headersOf,
  opening,
  requestFields,
  type SeenFrame,
} from "../support/http2-peers.ts";

describe.each(["polygate", "node"])("HTTP/1.1 by the engine of %s:", (engine) => {
  let gateway: RunningGateway;
  let port: number;
  beforeAll(async () => {
    gateway = await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, port: 0, http1_engine: ${engine}, http2_engine: ${engine} }
rest: { rules: [ { selector: polygate.v1.StatsService.GetStats, custom: { kind: BREW, path: /brew } } ] }
`,
    });
    port = Number(new URL(gateway.url).port);
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  /** An HTTP/1.1 answer to a target as it is written here. */
  async function ask(method: string, path: string) {
    const request = httpRequest({ host: "127.0.0.1", port, method, path, agent: false }).end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of response) text += chunk;
    return { status: response.statusCode, allow: response.headers.allow, text };
  }

  describe("OPTIONS", () => {
    test.each(["/", "/livez", "/readyz", "/metrics", "/docs"])(
      "%s tells its methods",
      async (path) => {
        const answer = await ask("OPTIONS", path);
        expect(answer).toEqual({ status: 204, allow: "GET, HEAD, OPTIONS", text: "" });
        expect(await ask("POST", path)).toMatchObject({ status: 405, allow: "GET, HEAD, OPTIONS" });
      },
    );

    test("the asterisk asks for the server's own", async () => {
      const answer = await ask("OPTIONS", "*");
      expect(answer).toEqual({ status: 204, allow: "GET, HEAD, POST, OPTIONS", text: "" });
      const session = connectHttp2(gateway.url);
      const stream = session.request({ ":method": "OPTIONS", ":path": "*" });
      const [head] = await once(stream, "response");
      session.close();
      expect([head[":status"], head.allow]).toEqual([204, answer.allow]);
    });
  });

  test("a target in absolute form is served as its path", async () => {
    expect(await ask("GET", "http://example.com/livez")).toMatchObject({ status: 200 });
    expect(await ask("GET", "http://example.com/api/v1/models")).toMatchObject({ status: 200 });
  });

  describe("a method that the server knows for no path is not implemented:", () => {
    const unknown = {
      code: "METHOD_UNKNOWN",
      message: "the method is not known to this server",
    };

    test("over HTTP/1.1", async () => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.write("STEEP /health HTTP/1.1\r\nhost: a\r\n\r\n");
      let text = "";
      for await (const chunk of socket) text += chunk;
      const [head = "", body = ""] = text.split("\r\n\r\n");
      expect(head).toMatch(/^HTTP\/1\.1 501 /);
      expect(JSON.parse(body).error).toMatchObject(unknown);
    });

    test("over HTTP/2, unless a rule has it", async () => {
      const session = connectHttp2(gateway.url);
      const asked = async (method: string, path: string) => {
        // Node's client ends the requests of methods alone that it knows to have no body.
        const stream = session.request({ ":method": method, ":path": path }, { endStream: true });
        let text = "";
        const [head] = await once(stream, "response");
        for await (const chunk of stream) text += chunk;
        return { status: head[":status"], body: JSON.parse(text) };
      };
      for (const path of ["/health", "/nope", "/livez", "/polygate.v1.ChatService/Chat"]) {
        expect(await asked("STEEP", path)).toMatchObject({ status: 501, body: { error: unknown } });
      }
      expect(await asked("BREW", "/brew")).toMatchObject({ status: 200 });
      expect(await asked("BREW", "/livez")).toMatchObject({ status: 501 });
      session.close();
    });
  });

  const broken = [
    { name: "bytes that are no request", bytes: "BLAH\r\n\r\n", status: 400 },
    { name: "a request without a host", bytes: "GET / HTTP/1.1\r\n\r\n", status: 400 },
    {
      name: "an unknown expectation",
      bytes: "GET / HTTP/1.1\r\nhost: a\r\nexpect: foo\r\n\r\n",
      status: 417,
    },
  ];
  test.each(broken)("$name: answer and log have the same request id", async ({ bytes, status }) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.write(bytes);
    let text = "";
    for await (const chunk of socket) text += chunk;
    const [head = "", body = ""] = text.split("\r\n\r\n");
    const { error } = JSON.parse(body);
    expect(head.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    expect(head).toContain(`x-request-id: ${error.request_id}`);
    expect(error).toMatchObject({
      code: "REQUEST_INVALID",
      request_id: expect.stringMatching(/^req_/),
    });
    const line = await gateway.line(({ request_id }) => request_id === error.request_id);
    expect(line).toMatchObject({ msg: "connection failed", reason: "http1_malformed" });
  });
});

test("each listener has the engines that it names, and HTTP1_ENGINE and HTTP2_ENGINE are those of the others", async () => {
  await using gateway = await startTestGateway({
    yaml: `
listeners:
  - { name: named, host: 127.0.0.1, port: 0, http1_engine: polygate, http2_engine: polygate }
  - { name: other, host: 127.0.0.1, port: 0 }
`,
    env: { HTTP1_ENGINE: "node", HTTP2_ENGINE: "node" },
  });
  /** What tells the engines apart: HTTP/1.2 is for ours alone, and so are words for a malformed head. */
  const told = async (url = "") => {
    const port = Number(new URL(url).port);
    const first = connect({ host: "127.0.0.1", port });
    first.write("GET /livez HTTP/1.2\r\nhost: a\r\nconnection: close\r\n\r\n");
    let text = "";
    for await (const chunk of first) text += chunk;
    const second = connect({ host: "127.0.0.1", port });
    second.write(
      Buffer.concat([opening, headersOf(1, [...requestFields, ["connection", "close"]], true)]),
    );
    let bytes: Buffer = Buffer.alloc(0);
    const types = () => wholeFrames(bytes).flatMap(({ id, type }) => (id === 1 ? [type] : []));
    while (!types().includes(frameType.rstStream)) {
      const [piece] = (await once(second, "data")) as [Buffer];
      bytes = Buffer.concat([bytes, piece]);
    }
    second.destroy();
    return [text.slice(9, 12), types().includes(frameType.headers)];
  };
  expect(await told(gateway.urls.named)).toEqual(["200", true]);
  expect(await told(gateway.urls.other)).toEqual(["505", false]);
});

describe("an HTTP/2 request whose head is malformed", () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startTestGateway();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  test.each([
    { name: "alone", method: "GET", body: "" },
    { name: "with a body that is still being sent", method: "POST", body: "x".repeat(300_000) },
  ])("is answered with 400 by the name of its field, $name", async ({ method, body }) => {
    const session = connectHttp2(gateway.url);
    const request = { ":method": method, ":path": "/livez#here" };
    const stream = session.request(request, { endStream: body === "" });
    if (body !== "") stream.end(body);
    const [head] = await once(stream, "response");
    let text = "";
    for await (const chunk of stream) text += chunk;
    session.close();
    const { error } = JSON.parse(text);
    expect(head[":status"]).toBe(400);
    expect(error).toMatchObject({
      code: "REQUEST_INVALID",
      message: ":path: a path is expected, in visible ASCII and without a fragment",
      request_id: head["x-request-id"],
    });
    const line = await gateway.line(({ request_id }) => request_id === error.request_id);
    expect(line).toMatchObject({ msg: "connection failed", reason: "http2_malformed" });
  });

  test("is reset behind that response as RFC 9113 wants it, and the connection goes on", async () => {
    const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
    let bytes: Buffer = Buffer.alloc(0);
    socket.on("data", (piece: Buffer) => {
      bytes = Buffer.concat([bytes, piece]);
    });
    const framesOf = (id: number) => wholeFrames(bytes).filter((frame) => frame.id === id);
    const until = async (isThere: () => boolean) => {
      while (!isThere()) await once(socket, "data");
    };
    const secret = "kept-to-itself";
    const malformed = [...requestFields, ["connection", secret]] as const;
    socket.write(Buffer.concat([opening, headersOf(1, malformed, true)]));
    await until(() => framesOf(1).length > 2);
    const [head, data, reset] = framesOf(1);
    expect([head?.type, data?.type, reset?.type]).toEqual([
      frameType.headers,
      frameType.data,
      frameType.rstStream,
    ]);
    expect(reset?.payload.readUInt32BE()).toBe(errorCode.protocolError);
    const { error } = JSON.parse(`${data?.payload}`);
    expect(error.message).toBe("connection: a field of HTTP/1.1, which HTTP/2 forbids");
    expect(bytes.includes(secret)).toBe(false);
    socket.write(headersOf(3, requestFields, true));
    await until(() => framesOf(3).length > 1);
    expect(JSON.parse(`${framesOf(3)[1]?.payload}`).error.code).toBe("ROUTE_UNKNOWN");
    socket.destroy();
  });
});

/** The frames of `bytes`, but for one that is cut. */
function wholeFrames(bytes: Buffer): SeenFrame[] {
  let end = 0;
  while (end + 9 <= bytes.length) {
    const next = end + 9 + bytes.readUIntBE(end, 3);
    if (next > bytes.length) break;
    end = next;
  }
  return framesIn(bytes.subarray(0, end));
}
