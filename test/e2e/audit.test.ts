/** The audit log: one line for each act of an operator and each refusal, on every surface, in a file of its own. */

import { once } from "node:events";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendsService, DrainBackendRequestSchema } from "#gen/polygate/v1/backends_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

const adminKey = "an-operators-own-key";
const callerKey = "a-callers-own-key-2";
const yaml = (file: string) => `
gateway: { host: 127.0.0.1, port: 0, allowed_hosts: [127.0.0.1, localhost] }
auth: { failures_per_minute: 2, keys: [{ name: operator, key: ${adminKey}, scopes: [admin] }, { name: app, key: ${callerKey} }] }
rate_limiting: { requests_per_minute: 1000, burst: 1000, routes: [{ match: /v1/query, requests_per_minute: 1, burst: 1 }] }
cores: [{ url: "http://127.0.0.1:1" }]
audit: { output: ${JSON.stringify(file)} }
`;

let folder: TemporaryFolder;
let gateway: RunningGateway;
const file = () => join(folder.path, "audit.log");
beforeAll(async () => {
  folder = await temporaryFolder();
  gateway = await startTestGateway({ yaml: yaml(file()) });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

type Line = Readonly<Record<string, string>>;
function linesOf(path: string): Line[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

/** The line of a request, once it is written. */
async function lineOf(id: string, path = file()): Promise<Line> {
  for (;;) {
    const found = linesOf(path).filter(({ request_id }) => request_id === id);
    expect(found.length).toBeLessThanOrEqual(1);
    if (found[0] !== undefined) return found[0];
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

let ids = 0;
/** Sends a request; gives its status and the id that its line has. */
async function ask(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  ids += 1;
  const id = `audit-${ids}`;
  const response = await fetch(`${gateway.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: { "content-type": "application/json", "x-request-id": id, ...headers },
  });
  await response.text();
  return { status: response.status, id };
}
const as = (key: string) => ({ authorization: `Bearer ${key}` });
const drain = "/polygate.v1.BackendsService/DrainBackend";

describe("an act of an operator", () => {
  test("has a line by Connect, with what it was about", async () => {
    const { status, id } = await ask(drain, { backend: "twin", endpoint: "core-1" }, as(adminKey));
    const line = await lineOf(id);
    expect(line).toEqual({
      ...{ time: expect.stringMatching(/^\d{4}-.*Z$/), decision: "allowed", request_id: id },
      ...{ principal: "operator", client: "127.0.0.1", listener: "gateway", surface: "rpc" },
      ...{
        action: "polygate.v1.BackendsService/DrainBackend",
        target: "backend=twin endpoint=core-1",
      },
      ...{ scope: "admin", code: status === 200 ? "OK" : "NOT_FOUND" },
      ...(status === 200 ? {} : { reason: "NOT_FOUND" }),
      why: "the caller holds the scope admin",
    });
  });

  test("has one by gRPC, and by REST", async () => {
    const transport = createGrpcTransport({ baseUrl: gateway.url });
    const client = createClient(BackendsService, transport);
    const headers = { ...as(adminKey), "x-request-id": "audit-grpc" };
    await client.listBackends({}, { headers });
    expect(await lineOf("audit-grpc")).toMatchObject({
      ...{ decision: "allowed", surface: "rpc", principal: "operator" },
      action: "polygate.v1.BackendsService/ListBackends",
    });
    const { id } = await ask("/api/v1/backends", undefined, as(adminKey));
    expect(await lineOf(id)).toMatchObject({ decision: "allowed", surface: "rest" });
  });
});

describe("a refusal", () => {
  test("for a scope has a line with the reason and the target", async () => {
    const { status, id } = await ask(drain, { backend: "twin" }, as(callerKey));
    expect(status).toBe(403);
    expect(await lineOf(id)).toMatchObject({
      ...{ decision: "denied", principal: "app", reason: "SCOPE_REQUIRED", target: "backend=twin" },
      why: 'DrainBackend needs the scope "admin"',
    });
  });

  test.each([
    { surface: "rest", path: "/models", body: undefined },
    { surface: "rpc", path: "/polygate.v1.ChatService/Chat", body: { message: "hi" } },
    { surface: "openai", path: "/v1/chat/completions", body: { model: "x", messages: [] } },
    { surface: "anthropic", path: "/v1/messages", body: { model: "x", messages: [] } },
    { surface: "gemini", path: "/v1beta/models/x:generateContent", body: { contents: [] } },
    { surface: "oip", path: "/v2/models/digits", body: undefined },
    { surface: "tfserving", path: "/v1/models/digits/metadata", body: undefined },
  ])("without a key has one on $surface", async ({ surface, path, body }) => {
    const { status, id } = await ask(path, body);
    expect(status).toBe(401);
    const line = await lineOf(id);
    expect(line).toMatchObject({
      ...{ decision: "denied", reason: "CREDENTIAL_MISSING", principal: "anonymous", surface },
    });
  });

  test("for a limit has one", async () => {
    await ask("/v1/query", { query: "x" }, as(callerKey));
    const { status, id } = await ask("/v1/query", { query: "x" }, as(callerKey));
    expect(status).toBe(429);
    expect(await lineOf(id)).toMatchObject({
      decision: "denied",
      reason: "RATE_LIMITED",
      principal: "app",
    });
  });

  test("for guessing has one, before and after the limit, and never the guess", async () => {
    const guesses = ["first-wrong-guess", "second-wrong-guess", "third-wrong-guess"];
    const reasons: unknown[] = [];
    for (const guess of guesses) {
      const { id } = await ask("/models", undefined, as(guess));
      reasons.push((await lineOf(id)).reason);
    }
    expect(reasons).toEqual(["CREDENTIAL_INVALID", "CREDENTIAL_INVALID", "ATTEMPTS_LIMITED"]);
    expect(readFileSync(file(), "utf8")).not.toMatch(/wrong-guess|own-key/);
  });

  test("for a host, or the origin of a page, has one, though it never became a call", async () => {
    const headers = { host: "evil.example", "x-request-id": "audit-host" };
    const request = httpRequest(`${gateway.url}/models`, { headers });
    const [response] = await once(request.end(), "response");
    response.resume();
    expect(response.statusCode).toBe(421);
    expect(await lineOf("audit-host")).toMatchObject({
      decision: "denied",
      reason: "HOST_UNKNOWN",
    });
    const refused = new WebSocket(`${gateway.url.replace("http", "ws")}/api/v1/chat:stream`, {
      headers: { origin: "https://evil.example", "x-request-id": "audit-origin" },
    } as never);
    await new Promise((resolve) => refused.addEventListener("error", resolve));
    expect(await lineOf("audit-origin")).toMatchObject({
      ...{ decision: "denied", reason: "ORIGIN_REFUSED", client: "127.0.0.1" },
    });
  });
});

test("what anybody may do has no line, and no line has anything of a payload", async () => {
  const { id } = await ask("/api/v1/chat", { message: "a payload of the caller's" }, as(callerKey));
  // Whatever comes after it is written after it.
  const { id: later } = await ask("/api/v1/backends", undefined, as(adminKey));
  await lineOf(later);
  expect(linesOf(file()).some(({ request_id }) => request_id === id)).toBe(false);
  expect(readFileSync(file(), "utf8")).not.toContain("payload of the caller");
});

test("a line stays one line, whatever the names in it", async () => {
  const backend = 'a"\n{"decision":"allowed"}\u2028<script>alert(1)</script>';
  const { id } = await ask(drain, create(DrainBackendRequestSchema, { backend }), as(adminKey));
  expect((await lineOf(id)).target).toBe(`backend=${backend}`);
  expect(readFileSync(file(), "utf8")).not.toContain("\u2028");
});

test("a file that was moved away is made again when asked", async () => {
  const moved = join(folder.path, "audit.log.1");
  renameSync(file(), moved);
  const before = await ask("/api/v1/backends", undefined, as(adminKey));
  await lineOf(before.id, moved);
  gateway.gateway.reopenFiles();
  const after = await ask("/api/v1/backends", undefined, as(adminKey));
  await lineOf(after.id);
  expect(linesOf(moved).some(({ request_id }) => request_id === after.id)).toBe(false);
});

test("a file that cannot be written is refused at the start", async () => {
  const starting = startTestGateway({ yaml: yaml(folder.path) });
  await expect(starting).rejects.toThrow(/^audit\.output: the file cannot be written: EISDIR/);
});
