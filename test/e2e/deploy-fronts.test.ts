/** The fronts of deploy/fronts, each started as it is written: gRPC, events and WebSockets through them, and health. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { request as httpsRequest } from "node:https";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Agent, WebSocket } from "undici";
import { describe, expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { surfaceNames } from "#surface-table.ts";
import { startStallingCore } from "../support/core-double.ts";
import { judge, judged, missingJudge, settingsFor, strongSecret } from "../support/deploy.ts";
import { freePort } from "../support/free-port.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { describeWith } from "../support/needs.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { clientTls, serverTls } from "../support/tls.ts";

const read = (name: string) => readFileSync(`deploy/fronts/${name}`, "utf8");
const written = read("gateway.yaml");
const here = (text: string) =>
  text
    .replace("/etc/polygate/tls/tls.crt", serverTls.certFile)
    .replace("/etc/polygate/tls/tls.key", serverTls.keyFile);
const settings = settingsFor(here(written), { API_KEY: strongSecret });

/** The gateway of gateway.yaml on free ports, with a core whose streams say "Hello" and stay. */
async function startBehind(more = "") {
  const core = await startStallingCore(() => false);
  const yaml = `${here(written).replaceAll(/port: \d+/g, "port: 0")}\ncores: [{ url: "${core.url}" }]\n${more}`;
  const gateway = await startTestGateway({ yaml, env: { API_KEY: strongSecret } });
  const portOf = (name: string) => Number(new URL(gateway.urls[name] ?? "").port);
  return {
    core,
    gateway,
    ports: { plain: portOf("gateway"), passed: portOf("passed") },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await core[Symbol.asyncDispose]();
    },
  };
}

/** Where the front and the gateway are. */
interface Places {
  readonly front: number;
  readonly plain: number;
  readonly passed: number;
}

/** What there is of a text; throws when there is nothing to replace, for then the file says something else. */
function replaced(text: string, pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce((result, [there, instead]) => {
    if (!result.includes(there)) throw new Error(`nothing says ${there}`);
    return result.replaceAll(there, instead);
  }, text);
}

const pem = readFileSync(serverTls.certFile, "utf8") + readFileSync(serverTls.keyFile, "utf8");
const certificates = (folder: string) =>
  [
    [`/etc/${folder}/tls/front.crt`, serverTls.certFile],
    [`/etc/${folder}/tls/front.key`, serverTls.keyFile],
  ] as const;

/** How each front is started; `check` judges its file without starting it. */
const fronts = {
  haproxy: {
    program: "haproxy",
    async files(folder: TemporaryFolder, { front, plain }: Places) {
      const bundle = await folder.write("front.pem", pem);
      const text = replaced(read("haproxy.cfg"), [
        ["/etc/haproxy/tls/front.pem", bundle],
        ["maxconn 20000", "maxconn 200"],
        ["bind :443", `bind 127.0.0.1:${front}`],
        ["127.0.0.1:8080", `127.0.0.1:${plain}`],
      ]);
      return [await folder.write("haproxy.cfg", text)];
    },
    check: ([file = ""]: readonly string[]) => ["-c", "-f", file],
    start: ([file = ""]: readonly string[]) => ["-f", file, "-db"],
  },
  "haproxy-tcp": {
    program: "haproxy",
    async files(folder: TemporaryFolder, { front, passed }: Places) {
      const text = replaced(read("haproxy-tcp.cfg"), [
        ["maxconn 20000", "maxconn 200"],
        ["bind :443", `bind 127.0.0.1:${front}`],
        // Through this address alone it is a trusted proxy, whoever the client is.
        [
          "server gateway-1 127.0.0.1:8443",
          `source 127.0.0.1\n  server gateway-1 127.0.0.1:${passed}`,
        ],
      ]);
      return [await folder.write("haproxy-tcp.cfg", text)];
    },
    check: ([file = ""]: readonly string[]) => ["-c", "-f", file],
    start: ([file = ""]: readonly string[]) => ["-f", file, "-db"],
  },
  nginx: {
    program: "nginx",
    async files(folder: TemporaryFolder, { front, plain }: Places) {
      const text = replaced(read("nginx.conf"), [
        ...certificates("nginx"),
        ["user www-data;", "daemon off;"],
        ["pid /run/nginx.pid;", `pid ${folder.path}/pid;`],
        ["listen 443", `listen 127.0.0.1:${front}`],
        ["server 127.0.0.1:8080", `server 127.0.0.1:${plain}`],
        [
          "server_tokens off;",
          `server_tokens off; ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((one) => `${one}_temp_path ${folder.path}/${one};`).join(" ")}`,
        ],
      ]);
      return [await folder.write("nginx.conf", text), folder.path];
    },
    check: ([file = "", path = ""]: readonly string[]) => ["-t", "-p", path, "-c", file],
    start: ([file = "", path = ""]: readonly string[]) => ["-p", path, "-c", file],
  },
  traefik: {
    program: "traefik",
    async files(folder: TemporaryFolder, { front, plain }: Places) {
      const routes = await folder.write(
        "gateways.yaml",
        replaced(read("traefik-gateways.yaml"), [
          ...certificates("traefik"),
          ["127.0.0.1:8080", `127.0.0.1:${plain}`],
        ]),
      );
      const text = replaced(read("traefik.yaml"), [
        ['":443"', `"127.0.0.1:${front}"`],
        ["/etc/traefik/gateways.yaml", routes],
      ]);
      return [await folder.write("traefik.yaml", text)];
    },
    check: undefined, // It has no such flag.
    start: ([file = ""]: readonly string[]) => [`--configfile=${file}`],
  },
} as const;

/** A front in front of a gateway, once it answers. */
async function startFront(name: keyof typeof fronts, ports: { plain: number; passed: number }) {
  const { program, files, check, start } = fronts[name];
  const folder = await temporaryFolder();
  const front = await freePort();
  const paths = await files(folder, { front, ...ports });
  const command = judge(program);
  const checked = check === undefined ? undefined : judged([command, ...check(paths)]);
  const child = spawn(command, start(paths), { stdio: ["ignore", "pipe", "pipe"] });
  const closed = once(child, "close");
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      said += chunk;
    });
  }
  const dispose = async () => {
    // nginx's workers outlive a master that is killed; Traefik would wait for streams.
    child.kill(name === "nginx" ? "SIGTERM" : "SIGKILL");
    await closed;
    await folder[Symbol.asyncDispose]();
  };
  const endMs = performance.now() + 12_000;
  // Some know of a gateway's health only after the first check.
  while ((await answer(front, "/readyz").catch(() => ({ status: 0 }))).status !== 200) {
    if (child.exitCode !== null || performance.now() > endMs) {
      await dispose();
      throw new Error(`${name} does not serve: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { port: front, checked, [Symbol.asyncDispose]: dispose };
}

/** A response over HTTP/1.1 and TLS, to a client at 127.0.0.2, which no one trusts. */
async function answer(port: number, path: string, headers: Readonly<Record<string, string>> = {}) {
  const sent = httpsRequest({
    ...{ host: "127.0.0.1", servername: "localhost", port, path, ca: clientTls.ca, agent: false },
    headers: { host: "localhost", authorization: `Bearer ${strongSecret}`, ...headers },
    localAddress: "127.0.0.2",
  });
  sent.end();
  const [response] = await once(sent, "response");
  await once(response.resume(), "end");
  return { status: response.statusCode as number, headers: response.headers };
}

const authorization = `Bearer ${strongSecret}`;
const clientOver = (port: number) =>
  createClient(
    ChatService,
    createGrpcTransport({
      baseUrl: `https://localhost:${port}`,
      nodeOptions: { ca: clientTls.ca },
      interceptors: [
        (next) => (request) => {
          request.header.set("authorization", authorization);
          return next(request);
        },
      ],
    }),
  );

/** The first text of a WebSocket's stream; closes it then. */
async function firstOverWebSocket(port: number): Promise<unknown> {
  const dispatcher = new Agent({ connect: { ca: clientTls.ca } });
  const socket = new WebSocket(`wss://localhost:${port}/api/v1/chat:stream`, {
    dispatcher,
    headers: { authorization },
  });
  await once(socket as unknown as EventTarget, "open");
  socket.send(JSON.stringify({ message: "over a WebSocket" }));
  const [{ data }] = await once(socket as unknown as EventTarget, "message");
  socket.close();
  await dispatcher.destroy();
  return JSON.parse(String(data));
}

/** The first event of a stream over HTTP/2 or HTTP/1.1; leaves then. */
async function firstEvent(port: number): Promise<string> {
  const response = await fetchOver(port);
  const [chunk] = await once(response.body, "data");
  response.leave();
  return String(chunk);
}

async function fetchOver(port: number) {
  const session = connectHttp2(`https://localhost:${port}`, { ca: clientTls.ca });
  const stream = session.request({
    ":method": "POST",
    ":path": "/api/v1/chat:stream",
    "content-type": "application/json",
    accept: "text/event-stream",
    authorization,
  });
  stream.end(JSON.stringify({ message: "by events" }));
  const [head] = await once(stream, "response");
  expect(head).toMatchObject({ ":status": 200, "content-type": "text/event-stream" });
  return {
    body: stream,
    leave: () => {
      stream.close(8);
      session.close();
    },
  };
}

test("the gateway behind them serves all that there is, and trusts this machine alone", () => {
  expect(settings.trustedProxies).toEqual(["127.0.0.1"]);
  const [plain, passed, metrics] = settings.listeners;
  expect([plain?.port, passed?.port]).toEqual([8080, 8443]);
  expect([...(plain?.serves ?? []), "metrics"]).toEqual([...surfaceNames]);
  expect(passed?.serves).toEqual(plain?.serves);
  expect(metrics?.serves).toEqual(["metrics"]);
});

describe.each(Object.entries(fronts))("%s", (key, { program }) => {
  const name = key as keyof typeof fronts;
  describeWith(missingJudge(program))("in front of a gateway", () => {
    test("passes gRPC, events and WebSockets piece by piece, and tells the gateway when a client has left", async () => {
      await using behind = await startBehind();
      await using front = await startFront(name, behind.ports);
      if (front.checked !== undefined) {
        expect(front.checked.code).toBe(0);
        expect(`${front.checked.out}${front.checked.err}`).not.toMatch(/warn|alert/i);
      }
      const aborted = new AbortController();
      const pieces = clientOver(front.port)
        .streamChat({ message: "over gRPC" }, { signal: aborted.signal })
        [Symbol.asyncIterator]();
      expect((await pieces.next()).value).toMatchObject({ delta: "Hello" });
      aborted.abort();
      expect(await firstEvent(front.port)).toContain('"delta":"Hello"');
      expect(await firstOverWebSocket(front.port)).toMatchObject({ delta: "Hello" });
      const words = ["over gRPC", "by events", "over a WebSocket"];
      await expect
        .poll(() =>
          behind.core.received
            .filter(({ abortedAtMs }) => abortedAtMs !== undefined)
            .map((call) => call.words),
        )
        .toEqual(words);
    });

    test("says who the client is, whatever the client says, and shows no metrics", async () => {
      await using behind = await startBehind();
      await using front = await startFront(name, behind.ports);
      const forged = {
        "x-forwarded-for": "9.9.9.9",
        forwarded: "for=9.9.9.9",
        "x-real-ip": "9.9.9.9",
      };
      const { status, headers } = await answer(front.port, "/livez", forged);
      expect(status).toBe(200);
      expect(headers["strict-transport-security"]).toBeDefined();
      expect(await clientOf(behind.gateway, "/livez")).toBe("127.0.0.2");
      expect((await answer(front.port, "/metrics")).status).toBe(404);
    });

    test("lets no client name another host than the one it calls", async () => {
      await using behind = await startBehind("gateway: { allowed_hosts: [localhost] }");
      await using front = await startFront(name, behind.ports);
      const forged = { "x-forwarded-host": "localhost", forwarded: "host=localhost" };
      expect((await answer(front.port, "/docs", { host: "evil.example" })).status).toBe(421);
      expect((await answer(front.port, "/docs", { host: "evil.example", ...forged })).status).toBe(
        421,
      );
      const other = { "x-forwarded-host": "evil.example", forwarded: "host=evil.example" };
      expect((await answer(front.port, "/docs", other)).status).toBe(200);
    });

    test("answers by itself while no gateway is there", async () => {
      await using behind = await startBehind();
      await using front = await startFront(name, behind.ports);
      await behind.gateway[Symbol.asyncDispose]();
      await expect
        .poll(
          async () => (await answer(front.port, "/readyz").catch(() => ({ status: 503 }))).status,
          { timeout: 10_000 },
        )
        .toBeGreaterThanOrEqual(502);
    });
  });
});

async function clientOf({ line }: RunningGateway, endpoint: string): Promise<unknown> {
  return (await line((one) => one.endpoint === endpoint)).client;
}
