/** Errors that come before a surface, and before its handlers, are in the shape that the surface's own clients read. */

import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, max_request_size: 1KB }
listeners:
  - { name: all, port: 0 }
  - { name: without, port: 0, serves: [rpc, rest] }
auth: { keys: [${["rest", "openai", "anthropic", "gemini", "connect", "grpc"].map((name) => `{ name: ${name}, key: the-key-of-${name}-clients }`).join(", ")}] }
rate_limiting: { requests_per_minute: 1, burst: 4 }
`,
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

type Headers = Readonly<Record<string, string>>;

/** A response, whatever it came over. */
interface Refused {
  readonly status: number;
  readonly headers: (name: string) => string | undefined;
  readonly body: Buffer;
}

/** The clients of one surface. */
interface Family {
  readonly name: "rest" | "openai" | "anthropic" | "gemini" | "connect" | "grpc";
  /** A path that it serves. */
  readonly path: string;
  /** One beneath its paths that no one serves. */
  readonly unknown: string;
  /** What its clients send, with `key` or without one. */
  headers(key?: string): Headers;
  /** What the surface calls an error of this status; undefined for a body of another shape. */
  errorOf(refused: Refused): string | undefined;
  /** That of a body that cannot be read; of a caller unknown, refused for now, and of a large body. */
  readonly errors: Readonly<
    Record<"notFound" | "unread" | "unknown" | "limited" | "large", string>
  >;
}

const json = { "content-type": "application/json" };
const bearer = (key?: string): Headers =>
  key === undefined ? {} : { authorization: `Bearer ${key}` };

function parsed({ body }: Refused): Record<string, unknown> {
  return JSON.parse(`${body}`);
}

/** The words of the member `error`, when it has these members and no others. */
function wordOf(refused: Refused, members: readonly string[], word: string): string | undefined {
  const { error } = parsed(refused) as { error: Record<string, unknown> };
  const isOwn = new Set(Object.keys(error)).symmetricDifference(new Set(members)).size === 0;
  return isOwn ? String(error[word]) : undefined;
}

const families: readonly Family[] = [
  {
    name: "rest",
    path: "/api/v1/chat",
    unknown: "/api/v1/nothing",
    headers: (key) => ({ ...json, ...bearer(key) }),
    errorOf: (refused) =>
      wordOf(refused, ["code", "message", "details", "timestamp", "request_id"], "code"),
    errors: {
      ...{ notFound: "ROUTE_UNKNOWN", unread: "BODY_MALFORMED", unknown: "CREDENTIAL_MISSING" },
      ...{ limited: "RATE_LIMITED", large: "BODY_TOO_LARGE" },
    },
  },
  {
    name: "openai",
    path: "/v1/chat/completions",
    unknown: "/v1/assistants",
    headers: (key) => ({ ...json, ...bearer(key) }),
    errorOf: (refused) => wordOf(refused, ["message", "type", "param", "code"], "type"),
    errors: {
      ...{ notFound: "invalid_request_error", unread: "invalid_request_error" },
      ...{ unknown: "authentication_error", limited: "rate_limit_error" },
      large: "invalid_request_error",
    },
  },
  {
    name: "anthropic",
    path: "/v1/messages",
    unknown: "/v1/messages/batches",
    headers: (key) => ({
      ...{ ...json, "anthropic-version": "2023-06-01" },
      ...(key === undefined ? {} : { "x-api-key": key }),
    }),
    errorOf: (refused) =>
      parsed(refused).type === "error" ? wordOf(refused, ["type", "message"], "type") : undefined,
    errors: {
      ...{ notFound: "not_found_error", unread: "invalid_request_error" },
      ...{ unknown: "authentication_error", limited: "rate_limit_error" },
      large: "request_too_large",
    },
  },
  {
    name: "gemini",
    path: "/v1beta/models/m:generateContent",
    unknown: "/v1beta/cachedContents",
    headers: (key) => ({ ...json, ...(key === undefined ? {} : { "x-goog-api-key": key }) }),
    errorOf: (refused) => wordOf(refused, ["code", "message", "status", "details"], "status"),
    errors: {
      ...{ notFound: "NOT_FOUND", unread: "INVALID_ARGUMENT", unknown: "UNAUTHENTICATED" },
      ...{ limited: "RESOURCE_EXHAUSTED", large: "RESOURCE_EXHAUSTED" },
    },
  },
  {
    name: "connect",
    path: "/polygate.v1.ChatService/Chat",
    unknown: "/polygate.v1.ChatService/Nothing",
    headers: (key) => ({ ...json, "connect-protocol-version": "1", ...bearer(key) }),
    errorOf: (refused) => String(parsed(refused).code),
    errors: {
      ...{ notFound: "unimplemented", unread: "invalid_argument", unknown: "unauthenticated" },
      ...{ limited: "resource_exhausted", large: "resource_exhausted" },
    },
  },
  {
    name: "grpc",
    path: "/polygate.v1.ChatService/Chat",
    unknown: "/polygate.v1.Nothing/Chat",
    headers: (key) => ({ "content-type": "application/grpc", te: "trailers", ...bearer(key) }),
    errorOf: ({ status, headers }) => (status === 200 ? headers("grpc-status") : undefined),
    errors: { notFound: "12", unread: "13", unknown: "16", limited: "8", large: "8" },
  },
];

/** One request over HTTP/2, which every family speaks. */
async function send(
  path: string,
  headers: Headers,
  { body = "", method = "POST", url = gateway.urls.all ?? "" } = {},
): Promise<Refused> {
  const client = connectHttp2(url);
  try {
    const stream = client.request({ ":path": path, ":method": method, ...headers });
    let told: Record<string, unknown> = {};
    stream.on("response", (fields) => {
      told = { ...told, ...fields };
    });
    stream.on("trailers", (fields) => {
      told = { ...told, ...fields };
    });
    stream.end(body);
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece);
    return {
      status: Number(told[":status"]),
      headers: (name) => (told[name] === undefined ? undefined : String(told[name])),
      body: Buffer.concat(pieces),
    };
  } finally {
    client.close();
  }
}

/** A message of gRPC that says that it has so many bytes. */
function envelope(bytes: number, content = Buffer.alloc(0)): string {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes, 1);
  return Buffer.concat([head, content]).toString("latin1");
}

describe.each(families)("clients of $name", (family) => {
  const { name, path, unknown, headers, errorOf, errors } = family;
  const key = `the-key-of-${name}-clients`;

  test("read that a path is unknown", async () => {
    const refused = await send(unknown, headers(key));
    expect(errorOf(refused)).toBe(errors.notFound);
    expect(refused.status).toBe(name === "grpc" ? 200 : 404);
    expect(refused.headers("x-request-id")).toBeDefined();
  });

  test("read that they need a key, whatever else is wrong", async () => {
    const refused = await send(path, headers(), { body: "{" });
    expect(errorOf(refused)).toBe(errors.unknown);
  });

  test("read that a body is none, that it is too large, and that their limit is used up", async () => {
    const isGrpc = name === "grpc";
    const large = isGrpc ? envelope(1 << 20) : JSON.stringify({ message: "x".repeat(2_000) });
    expect(errorOf(await send(path, headers(key), { body: large }))).toBe(errors.large);
    const unread = isGrpc ? "\u0000\u0000" : "{";
    expect(errorOf(await send(path, headers(key), { body: unread }))).toBe(errors.unread);
    const body = isGrpc ? envelope(0) : "{}";
    let last = await send(path, headers(key), { body });
    for (let more = 0; more < 4; more += 1) last = await send(path, headers(key), { body });
    expect(errorOf(last)).toBe(errors.limited);
  });
});

const vendors = families.filter(({ name }) => /openai|anthropic|gemini/.test(name));

test.each(vendors)(
  "clients of $name read that a method is unknown to the server",
  async (family) => {
    const { path, headers, errorOf } = family;
    const refused = await send(path, headers(), { method: "BREW" });
    expect(refused.status).toBe(501);
    expect(errorOf(refused)).toBeDefined();
  },
);

test.each(vendors)("clients of $name read that a path has a bad escape", async (family) => {
  const { unknown, headers, errorOf } = family;
  const refused = await send(`${unknown}/%zz`, headers());
  expect(refused.status).toBe(400);
  expect(errorOf(refused)).toBeDefined();
});

test.each(vendors)("where $name is not served its paths are as unknown as any", async (family) => {
  const [rest] = families;
  const { unknown, headers } = family;
  const refused = await send(unknown, headers(), { url: gateway.urls.without ?? "" });
  expect(refused.status).toBe(404);
  expect(rest?.errorOf(refused)).toBe("ROUTE_UNKNOWN");
});

test.each([
  ["/v1/realtime", "unknown_url"],
  ["/nothing", "ROUTE_UNKNOWN"],
])("a WebSocket to %s, which no one serves, is refused with %s", async (path, code) => {
  const socket = connect(Number(new URL(gateway.urls.all ?? "").port), "127.0.0.1");
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
      `sec-websocket-version: 13\r\nsec-websocket-key: ${"a".repeat(22)}==\r\n\r\n`,
  );
  let answer = "";
  socket.on("data", (piece) => {
    answer += piece;
  });
  await once(socket, "end");
  socket.destroy();
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 404 /);
  expect(JSON.parse(body).error.code).toBe(code);
});
