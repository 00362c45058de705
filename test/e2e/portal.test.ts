/** The portal over real sockets: its files, its sessions, and who is kept out. */

import { request as nodeRequest } from "node:http";
import { brotliDecompressSync } from "node:zlib";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { methodFacts } from "#interceptors/method-facts.ts";
import { portalRows } from "#portal/paths.ts";
import { publicServices } from "#public-services.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { portalFiles, script } from "../support/portal-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const adminKey = "an-admin-key-of-24-characters";
const readKey = "a-reading-key-of-24-characters";
const browser = "text/html,application/xhtml+xml,*/*;q=0.8";

let folder: Awaited<ReturnType<typeof portalFiles>>;
let gateway: RunningGateway;
const yamlWith = (more = "") => `
gateway: { host: 127.0.0.1, port: 0 }
portal: { folder: ${folder.built} }
auth:
  keys:
    - { name: boss, key: ${adminKey}, scopes: [admin] }
    - { name: reader, key: ${readKey}, scopes: [] }
${more}`;

beforeAll(async () => {
  folder = await portalFiles();
  gateway = await startTestGateway({ yaml: yamlWith() });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Asks as a page of the portal does. */
function ask(path: string, init: RequestInit & { headers?: Record<string, string> } = {}) {
  const { headers, ...rest } = init;
  const own = { "x-polygate-portal": "1", "sec-fetch-site": "same-origin", ...headers };
  return fetch(gateway.url + path, { redirect: "manual", ...rest, headers: own });
}

/** What a script cannot say of itself, as another page's request has it. */
function askRaw(
  path: string,
  {
    method = "GET",
    headers = {},
    body = "",
  }: Partial<Record<"method" | "body", string>> & {
    headers?: Record<string, string>;
  },
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sent = nodeRequest(gateway.url + path, { method, headers }, (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  sent.on("error", reject).end(body);
  return promise;
}

const cookieOf = (response: Response) => response.headers.get("set-cookie") ?? "";
const pairOf = (response: Response) => cookieOf(response).split(";")[0] ?? "";

async function login(key: string): Promise<string> {
  const response = await post({ key });
  expect(response.status).toBe(200);
  return pairOf(response);
}

function post(body: unknown, headers: Record<string, string> = {}) {
  return ask("/portal/session", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

const rpc = (method: string, headers: Record<string, string> = {}, body = "{}") =>
  ask(`/portal/rpc/polygate.v1.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });

describe("its files", () => {
  test.each([
    ["/portal/", "./"],
    ["/portal/models", "./"],
    ["/portal/models/digits", "../"],
    ["/portal/a/b/c?period=1h", "../../"],
    ["/portal/index.html", "./"],
  ])("%s is the page, which says that the portal is at %s", async (path, base) => {
    const response = await ask(path, { headers: { accept: browser } });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-cache");
    expect(await response.text()).toContain(`<head><base href="${base}">`);
  });

  test("the page is not sent again to who has it", async () => {
    const first = await ask("/portal/", { headers: { accept: browser } });
    const etag = first.headers.get("etag") ?? "";
    const again = await ask("/portal/", { headers: { accept: browser, "if-none-match": etag } });
    expect([etag === "", again.status]).toEqual([false, 304]);
  });

  test.each([
    ["br", (bytes: Buffer) => brotliDecompressSync(bytes).toString()],
    ["identity", (bytes: Buffer) => bytes.toString()],
  ])("a hashed file is good for ever, in the coding %s", async (coding, read) => {
    const { promise, resolve } = Promise.withResolvers<{
      headers: NodeJS.Dict<string | string[]>;
      body: Buffer;
    }>();
    nodeRequest(
      `${gateway.url}/portal/assets/index-a1b2c3d4.js`,
      { headers: { "accept-encoding": coding } },
      async (response) => {
        resolve({ headers: response.headers, body: Buffer.concat(await response.toArray()) });
      },
    ).end();
    const { headers, body } = await promise;
    expect(headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect(headers["content-type"]).toMatch(/^(text|application)\/javascript; charset=utf-8$/);
    expect(headers["content-encoding"]).toBe(coding === "identity" ? undefined : coding);
    expect(headers.vary).toContain("accept-encoding");
    expect(headers.etag).toBeDefined();
    expect(read(body)).toBe(script);
  });

  test("a file without a hash is asked for again each time", async () => {
    const response = await ask("/portal/theme.js");
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("public, max-age=0");
  });

  test.each([
    "/portal/assets/index-00000000.js",
    "/portal/assets/",
    "/portal/nothing.js",
    "/portal/..%2fsecret.txt",
    "/portal/%2e%2e/secret.txt",
    "/portal/assets/..%2f..%2fsecret.txt",
    "/portal/%00",
    "/portal/%zz",
  ])("%s is no file, and no page", async (path) => {
    const response = await ask(path);
    expect([404, 400]).toContain(response.status);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.text()).not.toMatch(/outside|node_modules| at /);
  });

  test("a missing file is no page for a browser either", async () => {
    const response = await ask("/portal/assets/old-1.js", { headers: { accept: browser } });
    expect(response.status).toBe(404);
  });

  test.each([
    ["/portal", "portal/"],
    ["/monitoring", "portal/monitoring"],
  ])("%s leads to %s, whatever prefix a proxy has", async (path, location) => {
    const response = await ask(path);
    expect([response.status, response.headers.get("location")]).toEqual([307, location]);
  });

  test("/ is the portal for a browser, and the gateway's facts for a program", async () => {
    const page = await ask("/", { headers: { accept: browser } });
    expect([page.status, page.headers.get("location")]).toEqual([307, "portal/"]);
    expect(await (await ask("/", { headers: { accept: "*/*" } })).json()).toMatchObject({
      name: "polygate",
    });
  });

  test("pages may run and load their own files alone, and stand in no frame", async () => {
    const { headers } = await ask("/portal/", { headers: { accept: browser } });
    expect(headers.get("content-security-policy")?.split(";")).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' blob: data:",
      "font-src 'self'",
      "worker-src 'self'",
      "base-uri 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("strict-transport-security"), "in clear text").toBeNull();
    expect(headers.get("permissions-policy")).toContain("camera=()");
  });

  test("while it is not built, the page says how that is done", async () => {
    await using bare = await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
portal: { folder: ${folder.path}/nowhere }`,
    });
    const page = await fetch(`${bare.url}/portal/`, { headers: { accept: browser } });
    expect(page.status).toBe(503);
    const text = await page.text();
    expect(text).toContain("npm run build:portal");
    expect(text).not.toContain(folder.path);
    const home = await fetch(bare.url, { headers: { accept: browser } });
    expect(home.status, "and / is what it was").toBe(200);
  });
});

test("what fails here is told as a failure of the gateway's; its cause is in the access line alone", async () => {
  await using broken = await temporaryFolder();
  // What is to be read is a folder.
  await broken.write("index.html/nothing", "");
  await using failing = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
portal: { folder: ${broken.path} }`,
  });
  const page = await fetch(`${failing.url}/portal/`, { headers: { accept: browser } });
  const { error } = (await page.json()) as { error: { request_id: string } };
  expect([page.status, error]).toMatchObject([
    500,
    { code: "INTERNAL", message: "internal error" },
  ]);
  const line = await failing.line(({ request_id }) => request_id === error.request_id);
  expect(line).toMatchObject({ level: "error", endpoint: "/portal", status: 500 });
  expect(line.error).toContain("EISDIR");
  const withCause = failing.lines.filter((one) => JSON.stringify(one).includes("EISDIR"));
  expect(withCause).toHaveLength(1);
});

/** Who asks, and what a session of theirs is. */
const callers = { nobody: undefined, reader: readKey, boss: adminKey };

describe("every path", () => {
  const examples: Readonly<Record<string, string>> = {
    "/portal/": "/portal/models",
    "/portal/rpc/": "/portal/rpc/polygate.v1.ConfigService/GetConfig",
  };
  const none = [405, 405, 405];
  const nothing = { GET: none, HEAD: none, POST: none, PUT: none, PATCH: none, DELETE: none };
  // Pages tell nothing: they are anybody's. Sessions tell who asks. What needs `admin` is the admin's.
  const statuses: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
    "/portal": { ...nothing, GET: [307, 307, 307], HEAD: [307, 307, 307] },
    "/monitoring": { ...nothing, GET: [307, 307, 307], HEAD: [307, 307, 307] },
    "/portal/": { ...nothing, GET: [200, 200, 200], HEAD: [200, 200, 200] },
    "/portal/session": {
      ...nothing,
      GET: [200, 200, 200],
      POST: [400, 400, 400],
      DELETE: [204, 204, 204],
    },
    "/portal/rpc/": { ...nothing, GET: [401, 403, 200], POST: [401, 403, 200] },
  };

  test("has a row in the table of this test, which is printed", () => {
    expect(new Set(Object.keys(statuses))).toEqual(new Set(portalRows.map(({ path }) => path)));
    const lines = Object.entries(statuses).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, seen]) => `${method.padEnd(7)}${path.padEnd(18)}${seen.join("  ")}`,
      ),
    );
    console.log(["nobody, a reader, an admin", ...lines].join("\n"));
  });

  const cookies = { reader: "", boss: "" };
  beforeAll(async () => {
    cookies.reader = await login(readKey);
    cookies.boss = await login(adminKey);
  });

  /** Whether a caller is turned away: by 401 or 403. */
  const turnedAway = async (method: string, cookie: string) => {
    const { status } = await rpc(method, cookie === "" ? {} : { cookie });
    return status === 401 || status === 403 ? status : "let in";
  };
  const unary = publicServices
    .flatMap(({ methods }) => methods)
    .filter(
      ({ methodKind, parent }) =>
        methodKind === "unary" && parent.file.proto.package !== "inference",
    );

  test.each(unary)(
    "/portal/rpc/$parent.typeName/$name is for those whom its scope lets in",
    async (method) => {
      const { isPublic, requiredScope } = methodFacts(method);
      const name = `${method.parent.name}/${method.name}`;
      const seen = [
        await turnedAway(name, ""),
        await turnedAway(name, cookies.reader),
        await turnedAway(name, cookies.boss),
      ];
      const reader = requiredScope === "" ? "let in" : 403;
      expect(seen).toEqual([isPublic ? "let in" : 401, reader, "let in"]);
    },
  );

  test.each(
    Object.entries(statuses).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, expected]) => ({ path, method, expected })),
    ),
  )("$method $path is $expected for nobody, a reader and an admin", async (row) => {
    const { path, method, expected } = row;
    const seen: number[] = [];
    for (const key of Object.values(callers)) {
      const cookie = key === undefined ? "" : await login(key);
      const query =
        path === "/portal/rpc/" && method === "GET" ? "?encoding=json&message=%7B%7D" : "";
      const response = await ask((examples[path] ?? path) + query, {
        method,
        headers: {
          accept: browser,
          ...(cookie && { cookie }),
          ...(method === "POST" && { "content-type": "application/json" }),
        },
        ...(method === "POST" && { body: "{}" }),
      });
      seen.push(response.status);
    }
    expect(seen).toEqual(expected);
  });

  test.each(portalRows.filter(({ isOpen }) => !isOpen))(
    "$path is refused to pages of others, whoever is logged in",
    async ({ path }) => {
      const cookie = await login(adminKey);
      const at = examples[path] ?? path;
      const { host } = new URL(gateway.url);
      const json = { "content-type": "application/json", cookie };
      const own = { ...json, "x-polygate-portal": "1" };
      const refused: readonly Record<string, string>[] = [
        { ...own, "sec-fetch-site": "cross-site", origin: "https://evil.example" },
        // Another port of this host: the browser sends the cookie there.
        { ...own, "sec-fetch-site": "same-site", origin: "http://127.0.0.1:1" },
        { ...own, "sec-fetch-site": "none" },
        // Browsers that tell nothing of the site, as over a name without TLS.
        { ...own, origin: "http://127.0.0.1:1" },
        { ...own, origin: "null" },
        own,
        // What a form can send.
        { ...json, "sec-fetch-site": "same-origin", origin: `http://${host}` },
        { "content-type": "text/plain", cookie, origin: `http://${host}` },
      ];
      const seen = await Promise.all(
        refused.map((headers) => askRaw(at, { method: "POST", headers, body: "{}" })),
      );
      expect(seen).toEqual(refused.map(() => 403));
      const taken = [
        { ...own, "sec-fetch-site": "same-origin" },
        { ...own, origin: `http://${host}` },
      ];
      for (const headers of taken) {
        expect(await askRaw(at, { method: "POST", headers, body: "{}" })).not.toBe(403);
      }
    },
  );

  test("the cookie opens nothing but the portal", async () => {
    const cookie = await login(adminKey);
    for (const path of ["/polygate.v1.ConfigService/GetConfig", "/api/v1/chat"]) {
      const response = await ask(path, {
        method: "POST",
        headers: { cookie, "content-type": "application/json" },
        body: "{}",
      });
      expect([path, response.status]).toEqual([path, 401]);
    }
  });
});

describe("a session", () => {
  test("is a cookie that no script reads and no other site sends, and tells nothing of its key", async () => {
    const response = await post({ key: adminKey });
    const [pair = "", ...attributes] = cookieOf(response).split("; ");
    expect(attributes.filter((one) => !one.startsWith("Expires="))).toEqual([
      "HttpOnly",
      "SameSite=Strict",
    ]);
    expect(
      attributes.some((one) => one.startsWith("Path=")),
      "its own path",
    ).toBe(false);
    expect(pair).toMatch(/^pg_session=[\w.-]{100,3800}$/);
    for (const part of pair.slice("pg_session=".length).split(".")) {
      expect(Buffer.from(part, "base64url").toString("latin1")).not.toContain(adminKey);
    }
    const { session, ...facts } = (await response.json()) as Record<string, unknown>;
    expect(facts).toMatchObject({
      auth: { required: true },
      principal: { id: "boss", authenticated: true, scopes: ["admin"] },
    });
    expect(session).toEqual({
      expires_at: expect.stringMatching(/Z$/),
      idle_expires_at: expect.stringMatching(/Z$/),
    });
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test.each([
    ["no JSON", "{", 400],
    ["no key", {}, 400],
    ["an empty key", { key: "" }, 400],
    ["a key with a line feed", { key: "a\nb" }, 400],
    ["a field that is not known", { key: "k", admin: true }, 400],
    ["more than 8 KiB", { key: "k".repeat(9000) }, 413],
    ["an unknown key", { key: "nobodys-key" }, 401],
  ])("does not begin with %s", async (_what, body, status) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(await response.json()).toMatchObject({ error: { request_id: expect.any(String) } });
  });

  test("a form cannot log anybody in", async () => {
    const response = await post("key=x", { "content-type": "application/x-www-form-urlencoded" });
    expect(response.status).toBe(415);
  });

  test("ends by logout, with its streams", async () => {
    const cookie = await login(adminKey);
    const stream = await rpc(
      "StatsService/WatchStats",
      {
        cookie,
        "content-type": "application/connect+json",
      },
      "\0\0\0\0\u0002{}",
    );
    const reader = stream.body?.getReader();
    expect((await reader?.read())?.done).toBe(false);
    expect((await ask("/portal/session", { method: "DELETE", headers: { cookie } })).status).toBe(
      204,
    );
    let last = "";
    for (;;) {
      const piece = await reader?.read();
      if (piece === undefined || piece.done) break;
      last = Buffer.from(piece.value).toString();
    }
    expect(last).toContain("unauthenticated");
    expect((await rpc("ConfigService/GetConfig", { cookie })).status).toBe(401);
    const after = await ask("/portal/session", { headers: { cookie } });
    expect(await after.json()).toMatchObject({ principal: null, session: null });
  });

  test("that was changed, or sealed elsewhere, is none", async () => {
    const cookie = await login(adminKey);
    for (const forged of [`${cookie}x`, "pg_session=x", `pg_session=${"a".repeat(5000)}`]) {
      expect((await rpc("ConfigService/GetConfig", { cookie: forged })).status).toBe(401);
    }
  });

  test("is renewed by whoever asks for it", async () => {
    const cookie = await login(readKey);
    const response = await ask("/portal/session", { headers: { cookie } });
    expect(await response.json()).toMatchObject({ principal: { id: "reader" } });
    const renewed = pairOf(response);
    expect(renewed).not.toBe(cookie);
    expect((await rpc("StatsService/GetStats", { cookie: renewed })).status).toBe(200);
  });

  test("leaves a line in the log when it begins and ends, without its key", async () => {
    await login(adminKey);
    const line = await gateway.line(({ principal, action }) => principal === "boss" && !!action);
    expect(line).toMatchObject({ msg: "portal", action: "begin_session" });
    expect(JSON.stringify(gateway.lines)).not.toContain(adminKey);
  });
});

test("keys are not guessed: after some that are unknown, an address is not listened to", async () => {
  await using limited = await startTestGateway({
    yaml: yamlWith("  failures_per_minute: 3\n"),
  });
  const attempt = async (key: string) => {
    const response = await fetch(`${limited.url}/portal/session`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-polygate-portal": "1",
        origin: limited.url,
      },
      body: JSON.stringify({ key }),
    });
    return response;
  };
  const known = pairOf(await attempt(readKey));
  const seen = [];
  for (let tried = 0; tried < 5; tried += 1) seen.push((await attempt(`guess-${tried}`)).status);
  expect(seen).toEqual([401, 401, 401, 429, 429]);
  const late = await attempt(adminKey);
  expect([late.status, Number(late.headers.get("retry-after")) > 0]).toEqual([429, true]);
  // Who is logged in goes on.
  const going = await fetch(`${limited.url}/portal/rpc/polygate.v1.StatsService/GetStats`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-polygate-portal": "1",
      origin: limited.url,
      cookie: known,
    },
    body: "{}",
  });
  expect(going.status).toBe(200);
});

test("a key that is revoked takes its sessions with it", async () => {
  await using kept = await startTestGateway({
    yaml: yamlWith("  key_store: { path: keys.db }\n"),
  });
  const asBoss = { "x-api-key": adminKey, "content-type": "application/json" };
  const own = { "x-polygate-portal": "1", origin: kept.url, "content-type": "application/json" };
  const made = await fetch(`${kept.url}/api/v1/keys`, {
    method: "POST",
    headers: asBoss,
    body: JSON.stringify({ name: "guest", scopes: ["admin"] }),
  });
  const { key, ...facts } = (await made.json()) as { key: string | { id: string; key: string } };
  const text = (facts as { secret?: string }).secret ?? (typeof key === "string" ? key : key.key);
  const id = typeof key === "string" ? (facts as { id?: string }).id : key.id;
  const begun = await fetch(`${kept.url}/portal/session`, {
    method: "POST",
    headers: own,
    body: JSON.stringify({ key: text }),
  });
  expect(begun.status).toBe(200);
  const cookie = pairOf(begun);
  const get = () =>
    fetch(`${kept.url}/portal/rpc/polygate.v1.ConfigService/GetConfig`, {
      method: "POST",
      headers: { ...own, cookie },
      body: "{}",
    });
  expect((await get()).status).toBe(200);
  const revoked = await fetch(`${kept.url}/api/v1/keys/${id}:revoke`, {
    method: "POST",
    headers: asBoss,
    body: "{}",
  });
  expect(revoked.status).toBe(200);
  expect((await get()).status).toBe(401);
  const after = await fetch(`${kept.url}/portal/session`, { headers: { ...own, cookie } });
  expect(await after.json()).toMatchObject({ principal: null });
  expect(cookieOf(after)).toContain("pg_session=;");
});

describe("what the portal asks for", () => {
  const transportOf = (url: string, headers: Record<string, string>) =>
    createConnectTransport({
      baseUrl: `${url}/portal/rpc`,
      httpVersion: "1.1",
      interceptors: [
        (next) => (request) => {
          for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
          return next(request);
        },
      ],
    });
  const countOf = async (name: RegExp, url: string) => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return text
      .split("\n")
      .filter((line) => name.test(line))
      .map((line) => Number(line.slice(line.lastIndexOf(" "))))
      .reduce((sum, one) => sum + one, 0);
  };

  test("shows in nothing that it shows; its chats do", async () => {
    await using fresh = await startTestGateway({ yaml: yamlWith() });
    const { url } = fresh;
    const own = { "x-polygate-portal": "1", origin: url };
    const begun = await fetch(`${url}/portal/session`, {
      method: "POST",
      headers: { ...own, "content-type": "application/json" },
      body: JSON.stringify({ key: adminKey }),
    });
    const transport = transportOf(url, { ...own, cookie: pairOf(begun) });
    const stats = createClient(StatsService, transport);
    const requests = createClient(RequestsService, transport);
    const models = async () =>
      fetch(`${url}/portal/rpc/polygate.v1.ModelsService/ListModels`, {
        method: "POST",
        headers: { ...own, cookie: pairOf(begun), "content-type": "application/json" },
        body: "{}",
      });
    const before = await countOf(/^gateway_requests_total.*portal.rpc|^grpc_server_handled/, url);
    for (let times = 0; times < 3; times += 1) {
      await stats.getStats({});
      await requests.listRequests({});
      expect((await models()).status).toBe(200);
    }
    const counted = /^gateway_requests_total.*portal.rpc|^grpc_server_handled/;
    expect(await countOf(counted, url)).toBe(before);
    expect((await requests.listRequests({})).requests).toEqual([]);
    await createClient(ChatService, transport).chat({ message: "2+2" });
    const { requests: after } = await requests.listRequests({});
    expect(after.map(({ procedure, surface }) => [procedure, surface])).toEqual([
      ["polygate.v1.ChatService/Chat", "portal"],
    ]);
    expect(await countOf(counted, url)).toBeGreaterThan(before);
    // What came in is still counted where traffic is, under one word.
    expect(await countOf(/^http_requests_total.*"\/portal\/rpc"/, url)).toBeGreaterThan(8);
  });

  test("is counted like anyone's without a session: the header alone hides nothing", async () => {
    await using open = await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
portal: { folder: ${folder.built} }`,
    });
    const { url } = open;
    const own = { "x-polygate-portal": "1", origin: url, "content-type": "application/json" };
    const list = (cookie = "") =>
      fetch(`${url}/portal/rpc/polygate.v1.ModelsService/ListModels`, {
        method: "POST",
        headers: { ...own, ...(cookie && { cookie }) },
        body: "{}",
      });
    const counted = /^grpc_server_handled_total.*ListModels/;
    expect((await list()).status, "open to everybody").toBe(200);
    expect(await countOf(counted, url)).toBe(1);
    const session = await fetch(`${url}/portal/session`, { headers: own });
    expect(await session.json()).toMatchObject({
      auth: { required: false },
      principal: { id: "anonymous", authenticated: false },
    });
    expect((await list(pairOf(session))).status).toBe(200);
    expect(await countOf(counted, url)).toBe(1);
    // Without keys the portal reads what anybody may, and changes nothing.
    const config = await fetch(`${url}/portal/rpc/polygate.v1.ConfigService/ReloadConfig`, {
      method: "POST",
      headers: { ...own, cookie: pairOf(session) },
      body: "{}",
    });
    expect(config.status).toBe(403);
  });
});

test("a listener serves the portal or does not", async () => {
  await using split = await startTestGateway({
    yaml: `
portal: { folder: ${folder.built} }
listeners:
  - { name: people, host: 127.0.0.1, port: 0, serves: [portal] }
  - { name: programs, host: 127.0.0.1, port: 0, serves: [rpc, rest] }
`,
  });
  const { people = "", programs = "" } = split.urls;
  const page = (url: string) => fetch(`${url}/portal/`, { headers: { accept: browser } });
  expect((await page(people)).status).toBe(200);
  expect((await page(programs)).status).toBe(404);
  const call = (url: string, prefix: string) =>
    fetch(`${url}${prefix}/polygate.v1.StatsService/GetStats`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-polygate-portal": "1", origin: people },
      body: "{}",
    });
  expect((await call(people, "/portal/rpc")).status, "with its own RPCs").toBe(200);
  expect((await call(people, "")).status).toBe(404);
  expect((await call(programs, "/portal/rpc")).status).toBe(404);
});
