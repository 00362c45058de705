/** Cases that no usual client makes: sides that are closed early, and heads without their bodies. */

import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { requestBytesMax, type Targets } from "../targets.ts";
import { type Tally, tallyOf, timeoutMs, times } from "./uploads.ts";

const host = "host: localhost\r\n";
const get = (path: string) => `GET ${path} HTTP/1.1\r\n${host}\r\n`;
const chatBody = '{"message":"echo one"}';
const chatHead = `POST /api/v1/chat HTTP/1.1\r\n${host}content-type: application/json\r\n`;
const chat = `${chatHead}content-length: ${chatBody.length}\r\n\r\n${chatBody}`;
const chunked = `${chatHead}transfer-encoding: chunked\r\n\r\n${chatBody.length.toString(16)}\r\n${chatBody}\r\n0\r\n\r\n`;

/** A piece of each response's body, by which it is known. */
const bodies = {
  "/livez": '"alive"',
  "/health": '"uptime"',
  chat: '"one"',
  unknown: "ROUTE_UNKNOWN",
};

/** What is sent before the client ends its side, and the responses that have to come, in order. */
const halfClosed: readonly {
  name: string;
  writes: readonly string[];
  bodies: readonly string[];
}[] = [
  { name: "GET", writes: [get("/livez")], bodies: [bodies["/livez"]] },
  { name: "GET that has to wait", writes: [get("/health")], bodies: [bodies["/health"]] },
  { name: "POST", writes: [chat], bodies: [bodies.chat] },
  { name: "POST in chunks", writes: [chunked], bodies: [bodies.chat] },
  {
    name: "POST in two pieces",
    writes: [chat.slice(0, -5), chat.slice(-5)],
    bodies: [bodies.chat],
  },
  {
    name: "POST and GET, pipelined",
    writes: [chat + get("/livez")],
    bodies: [bodies.chat, bodies["/livez"]],
  },
  {
    name: "GET, POST and GET, pipelined",
    writes: [get("/health") + chat + get("/livez")],
    bodies: [bodies["/health"], bodies.chat, bodies["/livez"]],
  },
  {
    name: "GET that has to wait and POST, pipelined",
    writes: [get("/health") + chat],
    bodies: [bodies["/health"], bodies.chat],
  },
  {
    name: "GET that has to wait, then POST",
    writes: [get("/health"), chat],
    bodies: [bodies["/health"], bodies.chat],
  },
  {
    name: "GET, then an unknown path",
    writes: [get("/health"), get("/nosuch")],
    bodies: [bodies["/health"], bodies.unknown],
  },
];

interface Parsed {
  readonly status: string;
  readonly body: string;
}

/** The responses of a connection by their content-length; what is left over is one without status. */
function responsesIn(text: string): Parsed[] {
  const responses: Parsed[] = [];
  for (let rest = text; rest !== ""; ) {
    const end = rest.indexOf("\r\n\r\n") + 4;
    const [, status, length] =
      /^HTTP\/1\.1 (\d{3})[\s\S]*?\r\ncontent-length: (\d+)\r\n/i.exec(rest.slice(0, end)) ?? [];
    if (status === undefined) return [...responses, { status: "none", body: rest }];
    responses.push({ status, body: rest.slice(end, end + Number(length)) });
    rest = rest.slice(end + Number(length));
  }
  return responses;
}

/** Writes, ends, and reads to the other side's end. */
async function halfClose(
  authority: string,
  { writes, bodies: wanted }: (typeof halfClosed)[number],
): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port: portOf(authority), allowHalfOpen: true });
  let text = "";
  socket.setEncoding("latin1").on("data", (piece) => {
    text += piece;
  });
  socket.on("error", () => {});
  const ended = once(socket, "end").then(
    () => "closed",
    () => "reset",
  );
  await once(socket, "connect");
  for (const [index, bytes] of writes.entries()) {
    if (index > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    socket.write(bytes);
  }
  socket.end();
  const how = await Promise.race([ended, timedOut()]);
  socket.destroy();
  const got = responsesIn(text);
  const isRight =
    got.length === wanted.length &&
    wanted.every((piece, index) => got[index]?.body.includes(piece));
  const names = got.map(({ status, body }) => `${status} ${body.slice(0, 20)}`).join(" + ");
  return how === "closed" && isRight ? "right" : `${how} after ${names || "nothing"}`;
}

/** What is received for a head whose body is not sent. */
async function withoutBody(
  authority: string,
  version: "1.1" | "2",
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  const waits = version === "2" ? overHttp2(authority, headers) : overHttp1(authority, headers);
  try {
    return await Promise.race([waits.status, timedOut()]);
  } finally {
    waits.close();
  }
}

interface Waiting {
  readonly status: Promise<string>;
  readonly close: () => void;
}

function overHttp1(authority: string, headers: Readonly<Record<string, string>>): Waiting {
  const socket = connect({ host: "127.0.0.1", port: portOf(authority) });
  socket.on("error", () => {});
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${chatHead}${lines.join("")}\r\n`);
  const status = once(socket, "data").then(
    ([bytes]: Buffer[]) => bytes?.toString("latin1", 9, 12) ?? "",
    () => "reset",
  );
  return { status, close: () => socket.destroy() };
}

function overHttp2(authority: string, headers: Readonly<Record<string, string>>): Waiting {
  const session = connectHttp2(`http://127.0.0.1:${portOf(authority)}`);
  session.on("error", () => {});
  const stream = session.request(
    { ":method": "POST", ":path": "/api/v1/chat", "content-type": "application/json", ...headers },
    { endStream: false },
  );
  const { promise: status, resolve } = Promise.withResolvers<string>();
  stream.on("continue", () => resolve("100"));
  stream.on("response", ({ ":status": code }) => resolve(String(code)));
  stream.on("error", () => resolve("reset"));
  stream.on("close", () => resolve("closed"));
  return { status, close: () => session.destroy() };
}

async function timedOut(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  setTimeout(() => resolve("timeout"), timeoutMs).unref();
  return await promise;
}

function portOf(authority: string): number {
  return Number(authority.split(":")[1]);
}

async function repeated(attempt: () => Promise<string>, wanted: string): Promise<Tally> {
  const outcomes: string[] = [];
  for (let count = 0; count < times; count += 1) outcomes.push(await attempt());
  return tallyOf(outcomes, wanted);
}

/** Runs each case `times` times. */
export async function* rawTallies({
  plain,
}: Targets): AsyncGenerator<{ readonly name: string; readonly tally: Tally }> {
  for (const each of halfClosed) {
    const tally = await repeated(() => halfClose(plain, each), "right");
    yield { name: `half-closed after ${each.name}: responses in order, then the end`, tally };
  }
  const tooLong = { "content-length": String(2 * requestBytesMax) };
  const expecting = { "content-length": "100", expect: "100-continue" };
  for (const version of ["1.1", "2"] as const) {
    yield {
      name: `HTTP/${version}: a declared length over the limit is 413 before any byte`,
      tally: await repeated(() => withoutBody(plain, version, tooLong), "413"),
    };
    yield {
      name: `HTTP/${version}: expect: 100-continue gets 100 at once`,
      tally: await repeated(() => withoutBody(plain, version, expecting), "100"),
    };
  }
}
