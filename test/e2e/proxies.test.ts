/** Behind a proxy: the PROXY protocol and the fields of HAProxy and nginx, and of nobody else. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { describe, expect, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { describeWith, missingProgram } from "../support/needs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { clientTls, serverTls } from "../support/tls.ts";

const tls = `{ cert_file: ${serverTls.certFile}, key_file: ${serverTls.keyFile} }`;
const yaml = (engine = "polygate", trusted = "127.0.0.1") => `
trusted_proxies: [${trusted}]
gateway: { http1_engine: ${engine}, http2_engine: ${engine} }
listeners:
  - { name: plain, host: 127.0.0.1, port: 0, proxy_protocol: true }
  - { name: tls, host: 127.0.0.1, port: 0, proxy_protocol: true, tls: ${tls} }
  - { name: fields, host: 127.0.0.1, port: 0 }
`;
const portOf = (gateway: RunningGateway, name: string) =>
  Number(new URL(gateway.urls[name] ?? "").port);

const request = "GET /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
const line = Buffer.from("PROXY TCP4 198.51.100.1 192.0.2.7 5555 443\r\n");
/** Version 2 with a unique id behind the addresses. */
const binary = Buffer.from(
  "0d0a0d0a000d0a515549540a2111001" + "3c6336401c000020715b301bb05000461626364",
  "hex",
);
const local = Buffer.from("0d0a0d0a000d0a515549540a20000000", "hex");

/** All that comes on a connection until it ends. */
async function received(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => {});
  await once(socket, "close");
  return Buffer.concat(chunks).toString("latin1");
}

/** The clients of so many requests, once the log knows of them. */
async function clientsOf({ lines, line }: RunningGateway, count = 1): Promise<unknown[]> {
  const asked = () => lines.filter(({ endpoint }) => endpoint === "/livez");
  await line(() => asked().length >= count);
  return asked().map(({ client }) => client);
}

describe.each(["polygate", "node"])("the PROXY protocol, with the engines of %s", (engine) => {
  test.each<{ name: string; header: Buffer; client: string }>([
    { name: "version 1", header: line, client: "198.51.100.1" },
    { name: "version 2", header: binary, client: "198.51.100.1" },
    { name: "the proxy itself", header: local, client: "127.0.0.1" },
  ])("$name tells the client, over HTTP/1.1, HTTP/2 and TLS", async ({ header, client }) => {
    await using gateway = await startTestGateway({ yaml: yaml(engine) });

    const plain = connect(portOf(gateway, "plain"), "127.0.0.1");
    plain.write(Buffer.concat([header, Buffer.from(request)]));
    expect(await received(plain)).toMatch(/^HTTP\/1\.1 200 /);

    const raw = connect(portOf(gateway, "plain"), "127.0.0.1");
    raw.write(header);
    const session = connectHttp2("http://127.0.0.1", { createConnection: () => raw });
    const stream = session.request({ ":path": "/livez" });
    const [head] = await once(stream, "response");
    expect(head[":status"]).toBe(200);
    await once(stream.resume(), "close");
    session.close();

    const beneath = connect(portOf(gateway, "tls"), "127.0.0.1");
    beneath.write(header);
    await once(beneath, "connect");
    const secure = connectTls({ socket: beneath, ca: clientTls.ca, servername: "localhost" });
    secure.write(request);
    const answer = await received(secure);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain("strict-transport-security: ");
    expect(await clientsOf(gateway, 3)).toEqual([client, client, client]);
  });
});

describe("the PROXY protocol", () => {
  test("may come in single bytes", async () => {
    await using gateway = await startTestGateway({ yaml: yaml() });
    const socket = connect(portOf(gateway, "plain"), "127.0.0.1");
    socket.setNoDelay(true);
    const answer = received(socket);
    for (const byte of Buffer.concat([binary, Buffer.from(request)])) {
      socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(await clientsOf(gateway)).toEqual(["198.51.100.1"]);
  });

  test("is not taken from an address that is no trusted proxy's", async () => {
    await using gateway = await startTestGateway({ yaml: yaml("polygate", "192.0.2.7") });
    const socket = connect(portOf(gateway, "plain"), "127.0.0.1");
    socket.write(Buffer.concat([line, Buffer.from(request)]));
    expect(await received(socket)).toBe("");
    const told = await gateway.line(({ msg }) => msg === "connection failed");
    expect(told).toMatchObject({ listener: "plain", reason: "proxy_untrusted" });
  });

  test.each([
    { name: "a request", listener: "plain", bytes: Buffer.from(request, "latin1") },
    { name: "a handshake", listener: "tls", bytes: Buffer.from("16030100050100000100", "hex") },
  ])("$name without it gets nothing, even from a trusted proxy", async ({ listener, bytes }) => {
    await using gateway = await startTestGateway({ yaml: yaml() });
    const socket = connect(portOf(gateway, listener), "127.0.0.1");
    socket.write(bytes);
    expect(await received(socket)).toBe("");
    const told = await gateway.line(({ msg }) => msg === "connection failed");
    expect(told).toMatchObject({ listener, reason: "proxy_header_malformed" });
  });

  test("is no word of the client's: a second one is part of its request", async () => {
    await using gateway = await startTestGateway({ yaml: yaml() });
    const socket = connect(portOf(gateway, "plain"), "127.0.0.1");
    const second = Buffer.from("PROXY TCP4 9.9.9.9 192.0.2.7 5555 443\r\n");
    socket.write(Buffer.concat([line, second, Buffer.from(request)]));
    expect(await received(socket)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await clientsOf(gateway, 0)).toEqual([]);
  });

  test("the client that it tells writes its own X-Forwarded-For in vain", async () => {
    await using gateway = await startTestGateway({ yaml: yaml() });
    const socket = connect(portOf(gateway, "plain"), "127.0.0.1");
    socket.write(line);
    socket.write(request.replace("\r\n\r\n", "\r\nx-forwarded-for: 9.9.9.9\r\n\r\n"));
    expect(await received(socket)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await clientsOf(gateway)).toEqual(["198.51.100.1"]);
  });
});

/** A program that ends with its scope, once its port takes connections. */
async function running(command: readonly string[], port: number): Promise<AsyncDisposable> {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
  const closed = once(child, "close");
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (isOpen) break;
    if (child.exitCode !== null) throw new Error(`${file} ended: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await closed;
    },
  };
}

/** A response to a request that comes from 127.0.0.2, which no one trusts. */
async function asked(port: number, headers: Readonly<Record<string, string>> = {}) {
  const sent = httpRequest({
    ...{ host: "127.0.0.1", port, path: "/livez", headers, localAddress: "127.0.0.2" },
  });
  sent.end();
  const [response] = await once(sent, "response");
  await once(response.resume(), "end");
  return response;
}

describeWith(missingProgram("haproxy"))("behind HAProxy", () => {
  test.each(["send-proxy", "send-proxy-v2 proxy-v2-options unique-id,authority check inter 50"])(
    "%s tells the client",
    async (options) => {
      await using gateway = await startTestGateway({ yaml: yaml() });
      await using folder = await temporaryFolder();
      const port = await freePort();
      const file = await folder.write(
        "haproxy.cfg",
        `
defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend clients
  bind 127.0.0.1:${port}
  default_backend gateways
backend gateways
  source 127.0.0.1
  server gateway 127.0.0.1:${portOf(gateway, "plain")} ${options}
`,
      );
      await using _proxy = await running(["haproxy", "-f", file, "-db"], port);
      expect((await asked(port)).statusCode).toBe(200);
      expect(await clientsOf(gateway)).toEqual(["127.0.0.2"]);
    },
  );
});

describeWith(missingProgram("nginx"))("behind nginx", () => {
  test("its fields tell the client, whatever the client writes in them", async () => {
    await using gateway = await startTestGateway({ yaml: yaml() });
    await using folder = await temporaryFolder();
    const port = await freePort();
    const file = await folder.write(
      "nginx.conf",
      `
daemon off;
pid ${folder.path}/pid;
error_log stderr warn;
events {}
http {
  access_log off;
  client_body_temp_path ${folder.path}/body;
  proxy_temp_path ${folder.path}/proxy;
  fastcgi_temp_path ${folder.path}/fastcgi;
  uwsgi_temp_path ${folder.path}/uwsgi;
  scgi_temp_path ${folder.path}/scgi;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${portOf(gateway, "fields")};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header X-Real-IP $remote_addr;
    }
  }
}
`,
    );
    await using _proxy = await running(["nginx", "-p", folder.path, "-c", file], port);
    const forged = {
      forwarded: "for=9.9.9.9",
      "x-forwarded-for": "9.9.9.9",
      "x-real-ip": "9.9.9.9",
    };
    const { headers } = await asked(port, forged);
    expect(headers["strict-transport-security"]).toContain("max-age=63072000");
    expect(await clientsOf(gateway)).toEqual(["127.0.0.2"]);
  });
});
