/**
 * A server of the built portal in front of a real gateway, as small as the portal's contract: files with
 * the policy of content, sessions, and services that the session's key is added to.
 */

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** The policy that the portal is served with. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; font-src 'self'; worker-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/** What it is in front of, and who may come in. */
export interface PortalFrontFacts {
  /** Folder of the built portal. */
  readonly files: string;
  readonly gatewayUrl: string;
  /** Keys and their scopes; without any nobody is asked for one. */
  readonly keys?: Readonly<Record<string, readonly string[]>>;
  /** Path before `portal/`, with both slashes. */
  readonly prefix?: string;
}

/** It runs. */
export interface PortalFront extends AsyncDisposable {
  /** Address of the portal, with its last slash. */
  readonly url: string;
  /** Ends all sessions. */
  expire(): void;
  /** Calls of services meet this in place of the gateway; undefined takes it away. */
  meet(stand: ((path: string, response: ServerResponse) => boolean) | undefined): void;
  /** Cuts all connections off and takes no new one; `up` takes them again, at the same address. */
  down(): Promise<void>;
  up(): Promise<void>;
}

/** Serves on a free port of loopback. */
export async function startPortalFront(facts: PortalFrontFacts): Promise<PortalFront> {
  const { files, gatewayUrl, keys, prefix = "/" } = facts;
  const root = `${prefix}portal/`;
  const sessions = new Map<string, string>();
  let stand: ((path: string, response: ServerResponse) => boolean) | undefined;

  const keyOf = ({ headers }: IncomingMessage) =>
    sessions.get(/pg_session=(\w+)/.exec(headers.cookie ?? "")?.[1] ?? "");

  const json = (response: ServerResponse, status: number, body: unknown) =>
    void response
      .writeHead(status, { "content-type": "application/json" })
      .end(JSON.stringify(body));

  const sessionFacts = (key: string | undefined) => ({
    version: "0.1.0",
    environment: "test",
    auth: { required: keys !== undefined, accepts: ["key", "token"] },
    principal:
      keys === undefined
        ? { id: "anonymous", authenticated: false, scopes: [] }
        : key === undefined
          ? null
          : { id: "operator", authenticated: true, scopes: keys[key] },
    session: null,
  });

  async function answerSession(incoming: IncomingMessage, response: ServerResponse) {
    if (incoming.headers["x-polygate-portal"] !== "1") return json(response, 403, {});
    if (incoming.method === "GET") return json(response, 200, sessionFacts(keyOf(incoming)));
    if (incoming.method === "DELETE") {
      response.setHeader("set-cookie", `pg_session=; Path=${root}; Max-Age=0`);
      return void response.writeHead(204).end();
    }
    const { key } = JSON.parse(Buffer.concat(await incoming.toArray()).toString());
    if (keys?.[key] === undefined) return json(response, 401, {});
    const id = randomBytes(16).toString("hex");
    sessions.set(id, key);
    response.setHeader("set-cookie", `pg_session=${id}; Path=${root}; HttpOnly; SameSite=Strict`);
    json(response, 200, sessionFacts(key));
  }

  function pass(incoming: IncomingMessage, response: ServerResponse, path: string) {
    if (stand?.(path, response)) return;
    const { cookie: _, ...headers } = incoming.headers;
    const key = keyOf(incoming);
    if (key !== undefined) headers.authorization = `Bearer ${key}`;
    const outgoing = request(gatewayUrl + path, { method: incoming.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.writeHead(502).end());
    response.on("close", () => outgoing.destroy());
    incoming.pipe(outgoing);
  }

  function answerFile(path: string, response: ServerResponse) {
    const file = join(files, normalize(path));
    const isFile = path !== "" && existsSync(file);
    if (!isFile && path.startsWith("assets/")) return json(response, 404, {});
    const depth = path.split("/").length - 1;
    const bytes = readFileSync(isFile ? file : join(files, "index.html"));
    const base = `<base href="./${"../".repeat(depth)}">`;
    const body = isFile ? bytes : bytes.toString().replace('<base href="./">', base);
    response.writeHead(200, {
      "content-type": contentTypes[isFile ? extname(file) : ".html"] ?? "",
      "content-security-policy": policy,
      "cross-origin-opener-policy": "same-origin",
      "referrer-policy": "no-referrer",
    });
    response.end(body);
  }

  const server = createServer((incoming, response) => {
    const target = incoming.url ?? "";
    const path = target.split("?")[0] ?? "";
    if (!path.startsWith(root)) return json(response, 404, {});
    const below = path.slice(root.length);
    if (below === "session") return void answerSession(incoming, response);
    if (below.startsWith("rpc/")) return pass(incoming, response, target.slice(root.length + 3));
    answerFile(below, response);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${root}`,
    expire: () => sessions.clear(),
    meet(other) {
      stand = other;
    },
    down: close,
    up: () => listen(port),
    [Symbol.asyncDispose]: close,
  };
}
