/** Who may take each way into a gateway: every one has a decision, and is as open over the wire as that says. */

import { globSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextValues } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { hashPassword } from "#identity/password-hash.ts";
import { authorize } from "#interceptors/authorize.ts";
import { principalKey } from "#interceptors/context.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import {
  type Decision,
  decisionOf,
  type HttpRoute,
  pageRoutes,
  type RpcRoute,
  restRoutes,
  rpcRoutes,
  surfaceRoutes,
} from "../support/routes.ts";
import { testProtos, testService } from "../support/test-protos.ts";
import { grpcTo } from "../support/transports.ts";

const keys = {
  none: "",
  plain: "a-plain-key-that-is-long-enough",
  admin: "an-admin-key-that-is-long-enough",
} as const;
type KeyName = keyof typeof keys;
const keyNames = Object.keys(keys) as KeyName[];

/** Listeners that ask for something else than the first, and what it is. */
const elsewhere = ["closed", "open", "public"] as const;
type Elsewhere = (typeof elsewhere)[number];

let provider: ProviderDouble;
let gateway: RunningGateway;
let procedures: RpcRoute[];

beforeAll(async () => {
  provider = await startProvider("openai-chat");
  gateway = await startTestGateway({
    yaml: `
listeners:
  - { name: general, host: 127.0.0.1, port: 0 }
  - { name: closed, host: 127.0.0.1, port: 0, auth: { accepts: [password] } }
  - { name: open, host: 127.0.0.1, port: 0, auth: { enabled: false } }
  - { name: public, host: 127.0.0.1, port: 0, auth: { routes: [{ match: "/v*", public: true }, { match: "/api*", public: true }] } }
auth:
  failures_per_minute: 0
  users: [{ name: ann, password_scrypt: "${await hashPassword("pass:word")}" }]
  keys:
    - { name: ops, key: ${keys.admin}, scopes: [admin] }
    - { name: plain, key: ${keys.plain} }
providers:
  double: { dialect: openai, base_url: "${provider.url}", api_key: k, default_model: double }
`,
  });
  procedures = await rpcRoutes(gateway.url, keys.plain);
}, 60_000);

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

/** What a decision means for a caller with this key: let in, or told to come with a key, or a better one. */
function expected(decision: Decision, key: KeyName): "in" | "401" | "403" {
  if (decision === "public" || key === "admin") return "in";
  if (key === "none") return "401";
  return decision === "any principal" ? "in" : "403";
}

/** The same on a listener where keys are not taken, on one where auth is off, on one where paths are public. */
function expectedOn(listener: Elsewhere, { decision, isPublicPath }: Way, key: KeyName): string {
  if (decision === "public") return "in";
  if (listener === "closed") return "401";
  // Reporting load is everybody's in development.
  const isOpen = decision === "any principal" || decision === "scope route";
  if (listener === "open") return isOpen ? "in" : "403";
  if (key === "none" && isPublicPath && decision === "any principal") return "in";
  return expected(decision, key);
}

/** A way in as those see it who open paths. */
interface Way {
  readonly decision: Decision;
  readonly isPublicPath: boolean;
}

const httpRoutes = () => [...restRoutes(), ...surfaceRoutes(), ...pageRoutes()];

/** The path with something in the place of each variable. */
const pathOf = ({ template }: HttpRoute) => template.replaceAll(/\{[^}]*\}/g, "digits");

async function overHttp(route: HttpRoute, key: KeyName, to = gateway.url): Promise<string> {
  const { method } = route;
  const response = await fetch(to + pathOf(route), {
    method,
    redirect: "manual",
    headers: {
      ...(key === "none" ? {} : { authorization: `Bearer ${keys[key]}` }),
      ...(method === "POST" ? { "content-type": "application/json" } : {}),
    },
    ...(method === "POST" ? { body: "{}" } : {}),
  });
  await response.body?.cancel();
  return response.status === 401 || response.status === 403 ? String(response.status) : "in";
}

/** Asks for a WebSocket, and says whether the handshake or the first word on it lets the caller in. */
async function overSocket(route: HttpRoute, key: KeyName): Promise<string> {
  const asked = request(gateway.url + pathOf(route), {
    headers: {
      ...(key === "none" ? {} : { authorization: `Bearer ${keys[key]}` }),
      ...{ connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" },
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    },
  });
  asked.end();
  const { promise, resolve } = Promise.withResolvers<string>();
  asked.on("response", (response) => {
    response.resume();
    resolve(String(response.statusCode));
  });
  asked.on("upgrade", (_response, socket, head) => {
    // An empty message, and the word that is to close: who may not call is told before either.
    const empty = Buffer.from([0x81, 0x80, 0, 0, 0, 0]);
    const close = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
    let text = head.toString("latin1");
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text.includes("SCOPE_REQUIRED") ? "403" : "in"));
    socket.end(Buffer.concat([empty, close]));
  });
  const found = await promise;
  return found === "401" || found === "403" ? found : "in";
}

async function* one<T>(message: T): AsyncGenerator<T> {
  yield message;
}

async function overRpc({ rpc }: RpcRoute, key: KeyName, to = gateway.url): Promise<string> {
  const transport = grpcTo(to, keys[key]);
  const stop = new AbortController();
  const message = create(rpc.input);
  try {
    if (rpc.methodKind === "unary") {
      await transport.unary(rpc as never, stop.signal, undefined, undefined, message as never);
    } else {
      const sent = one(message as never);
      const { message: received } = await transport.stream(
        rpc as never,
        stop.signal,
        undefined,
        undefined,
        sent,
      );
      // What goes on for long says who may have it by its first message.
      for await (const _ of received) break;
    }
    return "in";
  } catch (thrown) {
    const { code } = ConnectError.from(thrown);
    if (code === Code.Unauthenticated) return "401";
    return code === Code.PermissionDenied ? "403" : "in";
  } finally {
    stop.abort();
  }
}

describe("every way in", () => {
  test("has a decision: public, any principal, or a scope", () => {
    const rows = [
      ...procedures.map(({ rpc, decision }) => ["rpc", rpc.toString(), decision] as const),
      ...httpRoutes().map(
        ({ surface, method, template, decision }) =>
          [surface, `${method} ${template}`, decision] as const,
      ),
    ];
    const table = rows.map(
      ([surface, name, decision]) =>
        `${surface.padEnd(10)} ${(decision ?? "NO DECISION").padEnd(14)} ${name}`,
    );
    process.stdout.write(`${table.join("\n")}\n${rows.length} ways in\n`);
    expect(rows.filter(([, , decision]) => decision === undefined)).toEqual([]);
    expect(rows.length).toBeGreaterThan(120);
  });

  test("by RPC is as open as its decision says: without a key, with a plain one, with an admin's", async () => {
    const wrong: string[] = [];
    for (const route of procedures) {
      for (const key of keyNames) {
        const found = await overRpc(route, key);
        const wanted = expected(route.decision, key);
        if (found !== wanted) wrong.push(`${route.rpc} ${key}: ${found}, not ${wanted}`);
      }
    }
    expect(wrong).toEqual([]);
  }, 60_000);

  test("by HTTP is as open as its decision says", async () => {
    const wrong: string[] = [];
    for (const route of httpRoutes()) {
      for (const key of keyNames) {
        const found = await overHttp(route, key);
        const wanted = expected(route.decision, key);
        if (found !== wanted) {
          wrong.push(`${route.method} ${route.template} ${key}: ${found}, not ${wanted}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  }, 60_000);
});

describe.each(elsewhere)("on the listener %s, every way in", (listener) => {
  test("by RPC is as open as the listener says, and never more than its decision", async () => {
    const wrong: string[] = [];
    for (const route of procedures) {
      for (const key of ["none", "admin"] as const) {
        const found = await overRpc(route, key, gateway.urls[listener]);
        const way = { decision: route.decision, isPublicPath: false };
        const wanted = expectedOn(listener, way, key);
        if (found !== wanted) wrong.push(`${route.rpc} ${key}: ${found}, not ${wanted}`);
      }
    }
    expect(wrong).toEqual([]);
  }, 60_000);

  test("by HTTP is as open as the listener says, and never more than its decision", async () => {
    const wrong: string[] = [];
    for (const route of httpRoutes()) {
      for (const key of ["none", "admin"] as const) {
        const found = await overHttp(route, key, gateway.urls[listener]);
        const way = { decision: route.decision, isPublicPath: /^\/(v|api)/.test(route.template) };
        const wanted = expectedOn(listener, way, key);
        if (found !== wanted) {
          wrong.push(`${route.method} ${route.template} ${key}: ${found}, not ${wanted}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  }, 60_000);
});

test("every WebSocket is as open as its decision says", async () => {
  const sockets = httpRoutes().filter(({ isSocket }) => isSocket);
  expect(sockets.length).toBeGreaterThan(3);
  const wrong: string[] = [];
  for (const route of sockets) {
    for (const key of keyNames) {
      const found = await overSocket(route, key);
      const wanted = expected(route.decision, key);
      if (found !== wanted) wrong.push(`${route.template} ${key}: ${found}, not ${wanted}`);
    }
  }
  expect(wrong).toEqual([]);
}, 60_000);

describe("a way in without a decision", () => {
  const [undecided] = testService(testProtos(), "vectors.StreamService").methods;
  if (undecided === undefined) throw new Error("the test service has methods");

  test("is found by the walk", () => {
    expect(decisionOf(undecided)).toBe(undefined);
  });

  test("is left to admins until there is one", async () => {
    const passed: string[] = [];
    for (const scopes of [[], ["route"], ["admin"]]) {
      const contextValues = createContextValues();
      const id = scopes.join() || "plain";
      contextValues.set(principalKey, { id, authenticated: true, scopes: new Set(scopes) });
      const next = async () => {
        passed.push(id);
        return {} as never;
      };
      const call = async () => authorize()(next)({ method: undecided, contextValues } as never);
      await call().catch((error) => expect(reasonOf(error)).toBe("SCOPE_REQUIRED"));
    }
    expect(passed).toEqual(["admin"]);
  });
});

/** Ends of paths, which stand in the sources apart from what comes before them. */
const pathEnds: readonly string[] = ["/versions/{version}", "/metadata"];

/** Paths as they stand in the sources of those who take them. */
function writtenPaths(): string[] {
  const files = globSync("src/{surfaces/*paths.ts,dialects/relay/operations.ts,surfaces/llm.ts}");
  return files.flatMap((file) => {
    const text = readFileSync(file, "utf8");
    return [...text.matchAll(/["`](\/[a-z][^"`\s]*)["`]/g)]
      .map(([, path = ""]) => path)
      .filter((path) => !pathEnds.includes(path));
  });
}

test("every path that a surface's source names leads to ways in that the walk has", () => {
  const walked = httpRoutes().map(({ template }) => template);
  // A variable part of a template may be anything; the beginning of a path is the way to all beneath it.
  const isWalked = (path: string) => {
    const parts = path.split(/\$\{[^}]*\}+/).map((part) => RegExp.escape(part));
    const pattern = new RegExp(`^${parts.join(".*")}${path.endsWith("/") ? "" : "$"}`);
    return walked.some((template) => pattern.test(template));
  };
  const written = writtenPaths();
  expect(written.length).toBeGreaterThan(30);
  expect(written.filter((path) => !isWalked(path))).toEqual([]);
});
