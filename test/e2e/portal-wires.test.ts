/** The portal on every wire: both engines of HTTP/1.1 and HTTP/2, with TLS and without, one thread and two. */

import { once } from "node:events";
import { connect } from "node:http2";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { fromSource, startProcess } from "../support/polygate-process.ts";
import { portalFiles } from "../support/portal-files.ts";
import { clientTls, serverTls } from "../support/tls.ts";

const key = "an-admin-key-of-24-characters";

interface Answer {
  readonly status: number;
  readonly cookie: string;
  readonly text: string;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Sends one request on a connection of its own. */
type Wire = (url: string, asked: Asked) => Promise<Answer>;

const http1: Wire = async (url, { path, body, ...init }) => {
  const headers = { ...init.headers, connection: "close" };
  const answer = await fetch(url + path, { ...init, headers, body: body ?? null });
  const cookie = answer.headers.get("set-cookie") ?? "";
  return { status: answer.status, cookie, text: await answer.text() };
};

const https1: Wire = async (url, { method, path, headers, body }) => {
  const sent = request(url + path, { ...clientTls, method, headers, agent: false });
  sent.end(body);
  const [answer] = await once(sent, "response");
  const [cookie = ""] = answer.headers["set-cookie"] ?? [];
  return { status: answer.statusCode, cookie, text: await text(answer) };
};

const http2: Wire = async (url, { method, path, headers, body }) => {
  const session = connect(url, clientTls);
  const stream = session.request({ ":method": method, ":path": path, ...headers });
  stream.end(body);
  const [fields] = await once(stream, "response");
  const [cookie = ""] = fields["set-cookie"] ?? [];
  const answer = { status: fields[":status"], cookie, text: await text(stream) };
  session.close();
  return answer;
};

/** What somebody does at the portal, from its page to logout and one call too many: the status of each. */
async function walk(url: string, wire: Wire) {
  let cookie = "";
  const cookies: string[] = [];
  const ask = async (method: string, path: string, body?: object) => {
    const { origin } = new URL(url);
    const own = { accept: "text/html", "x-polygate-portal": "1", origin };
    const sent = body && { "content-type": "application/json" };
    const headers = { ...own, ...sent, ...(cookie && { cookie }) };
    const asked = { method, path: `/portal/${path}`, headers, body: body && JSON.stringify(body) };
    const answer = await wire(url, asked);
    if (answer.cookie !== "") {
      cookies.push(answer.cookie);
      cookie = answer.cookie.split(";")[0] ?? "";
    }
    return answer.status;
  };
  const config = "rpc/polygate.v1.ConfigService/GetConfig";
  const page = await ask("GET", "models/digits");
  const script = await ask("GET", "assets/index-a1b2c3d4.js");
  const missing = await ask("GET", "assets/nothing.js");
  const early = await ask("POST", config, {});
  const login = await ask("POST", "session", { key });
  const kept = cookie;
  // On connections of their own they are spread over all threads.
  const several = async () => {
    const made: number[] = [];
    while (made.length < 4) made.push(await ask("POST", config, {}));
    return made;
  };
  const calls = await several();
  const logout = await ask("DELETE", "session");
  // Whoever kept the cookie has no more of it, as soon as all threads have been told.
  cookie = kept;
  await vi.waitFor(async () => expect(await several()).toEqual([401, 401, 401, 401]), 10_000);
  return { statuses: { page, script, missing, early, login, calls, logout }, cookies };
}

const wanted = {
  ...{ page: 200, script: 200, missing: 404, early: 401, login: 200 },
  ...{ calls: [200, 200, 200, 200], logout: 204 },
};

let folder: Awaited<ReturnType<typeof portalFiles>>;
const yamlWith = (engine: string) => `
gateway: { host: 127.0.0.1, http1_engine: ${engine}, http2_engine: ${engine} }
listeners:
  - { name: clear, port: 0 }
  - name: secure
    port: 0
    tls: { cert_file: "${serverTls.certFile}", key_file: "${serverTls.keyFile}" }
portal: { folder: ${folder.built} }
auth: { keys: [{ name: boss, key: ${key}, scopes: [admin] }] }
`;

beforeAll(async () => {
  folder = await portalFiles();
});
afterAll(() => folder[Symbol.asyncDispose]());

describe.each(["polygate", "node"])("the engine %s serves the portal", (engine) => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ yaml: yamlWith(engine) });
    return () => gateway[Symbol.asyncDispose]();
  });

  test.each([
    { name: "HTTP/1.1", wire: http1 },
    { name: "HTTP/2", wire: http2 },
  ])("over $name, with a cookie that scripts cannot read", async ({ wire }) => {
    const { statuses, cookies } = await walk(gateway.urls.clear ?? "", wire);
    expect(statuses).toEqual(wanted);
    for (const cookie of cookies) {
      expect(cookie).toMatch(/^pg_session=.*; HttpOnly; SameSite=Strict$/);
      expect(cookie).not.toContain("Secure");
    }
  });

  test.each([
    { name: "HTTP/1.1", wire: https1 },
    { name: "HTTP/2", wire: http2 },
  ])("over $name with TLS, with a cookie that is sent and set over TLS alone", async ({ wire }) => {
    const { statuses, cookies } = await walk(gateway.urls.secure ?? "", wire);
    expect(statuses).toEqual(wanted);
    expect(cookies).toHaveLength(2);
    for (const cookie of cookies) {
      expect(cookie).toMatch(/^__Secure-pg_session=.*; HttpOnly; Secure; SameSite=Strict$/);
    }
  });
});

test("two threads serve it as one: a session holds in both, and its end does", {
  timeout: 60_000,
}, async () => {
  const file = await folder.write(
    "gateway.yaml",
    `workers: 2
gateway: { host: 127.0.0.1, port: 0 }
portal: { folder: ${folder.built} }
auth: { keys: [{ name: boss, key: ${key}, scopes: [admin] }] }
`,
  );
  await using gateway = await startProcess({ command: fromSource("serve", "--config", file) });
  const { statuses } = await walk(gateway.urls[0] ?? "", http1);
  expect(statuses).toEqual(wanted);
});
