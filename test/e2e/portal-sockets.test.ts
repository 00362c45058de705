/** Calls that stream requests, over the portal's WebSockets: by its sessions, for its own pages alone. */

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { beforeAll, expect, test } from "vitest";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { portalFiles } from "../support/portal-files.ts";

const key = "a-caller-key-of-24-characters";
const upload = "/portal/rpc/polygate.v1.UploadService/Upload";
const predict = "/portal/rpc/polygate.v1.PredictService/StreamPredict";

let gateway: RunningGateway;
let cookie: string;

beforeAll(async () => {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await portalFiles());
  gateway = stack.use(
    await startTestGateway({
      yaml: `
listeners: [{ name: people, host: 127.0.0.1, port: 0, serves: [portal] }]
portal: { folder: ${folder.built} }
auth: { keys: [{ name: caller, key: ${key} }] }
`,
    }),
  );
  const response = await fetch(`${gateway.url}/portal/session`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-polygate-portal": "1",
      "sec-fetch-site": "same-origin",
    },
    body: JSON.stringify({ key }),
  });
  cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
  return () => stack.disposeAsync();
});

/** A WebSocket as a page of the portal opens it; Node's own client takes fields besides. */
function open(path: string, headers: Record<string, string> = { cookie }) {
  const own = { origin: gateway.url, ...headers };
  const socket = new WebSocket(gateway.url.replace("http", "ws") + path, {
    headers: own,
  } as unknown as string[]);
  const texts: string[] = [];
  socket.addEventListener("message", ({ data }) => texts.push(data));
  return { socket, texts };
}

const word = (text: string) =>
  JSON.stringify({ contentType: "text/plain", data: Buffer.from(text).toString("base64") });

test("a session's call takes message after message, and an empty text ends them", async () => {
  const { socket, texts } = open(upload);
  await once(socket, "open");
  for (const text of [word("one "), word("two"), ""]) socket.send(text);
  const [{ code }] = await once(socket, "close");
  expect(code).toBe(1000);
  expect(texts.map((text) => JSON.parse(text))).toMatchObject([{ size: 7 }]);
});

test("responses come while requests are still to be sent", async () => {
  const { socket, texts } = open(predict);
  await once(socket, "open");
  const file = (await readFile(digitImage(7))).toString("base64");
  for (const topK of [1, 2]) {
    const next = once(socket, "message");
    socket.send(JSON.stringify({ model: "digits", file, topK }));
    await next;
    expect(JSON.parse(texts.at(-1) ?? "").classifications).toHaveLength(topK);
  }
  socket.send("");
  const [{ code }] = await once(socket, "close");
  expect([texts.length, code]).toEqual([2, 1000]);
});

test.each([
  ["no session", {}],
  ["a session that was not sealed here", { cookie: "pg_session=abc" }],
])("%s is told in the WebSocket, where a page can read it", async (_what, headers) => {
  const { socket, texts } = open(upload, headers);
  const [{ code, reason }] = await once(socket, "close");
  expect([code, reason]).toEqual([1008, "CREDENTIAL_MISSING"]);
  expect(JSON.parse(texts.at(-1) ?? "").error.code).toBe("CREDENTIAL_MISSING");
});

/** What a handshake is answered. */
async function statusOf(path: string, headers: Record<string, string>): Promise<number> {
  const fields = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const request = httpRequest(gateway.url + path, { headers: { ...fields, ...headers } }).end();
  const [answer, socket] = await Promise.race([
    once(request, "response"),
    once(request, "upgrade"),
  ]);
  socket?.destroy();
  answer.resume();
  return (answer as IncomingMessage).statusCode ?? 0;
}

test("another page opens none, with or without the cookie", async () => {
  const other = gateway.url.replace(/\d+$/, "1");
  for (const headers of [{ origin: other }, { origin: "null" }, {}] as Record<string, string>[]) {
    expect(await statusOf(upload, { cookie, ...headers })).toBe(403);
  }
  const { status, endpoint } = gateway.lines.findLast((line) => line.status === 403) ?? {};
  expect({ status, endpoint }).toEqual({ status: 403, endpoint: "/portal/rpc" });
  expect(await statusOf(upload, { cookie, origin: gateway.url })).toBe(101);
});

test.each([
  "/portal/rpc/polygate.v1.HealthService/GetHealth",
  "/portal/rpc/polygate.v1.RelayService/RelayUpload",
  "/portal/rpc/nothing",
  "/portal/session",
  "/portal/",
  "/v1/upload",
])("%s takes no WebSocket", async (path) => {
  expect(await statusOf(path, { cookie, origin: gateway.url })).toBe(404);
});
