import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { expect, test } from "vitest";
import { health } from "#cli/health.ts";
import { ConfigFolder } from "../../support/config-folder.ts";
import { freePort } from "../../support/free-port.ts";
import { serverTls } from "../../support/tls.ts";

async function ask(yaml: string, argv: readonly string[] = []) {
  using folder = new ConfigFolder({ "gateway.yaml": yaml });
  const said: string[] = [];
  const code = await health(["--config", "gateway.yaml", ...argv], {
    env: {},
    cwd: folder.path,
    terminals: [],
    out: (text) => said.push(text),
    err: (text) => said.push(text),
  });
  return { code, said: said.join("\n") };
}

/** Answers /readyz with `status`, everything else with 404. */
async function answering(status: number, tls: boolean): Promise<{ server: Server; port: number }> {
  const pem = { cert: readFileSync(serverTls.certFile), key: readFileSync(serverTls.keyFile) };
  const server = tls ? createHttpsServer(pem) : createHttpServer();
  server.on("request", ({ url }, response) => {
    response.writeHead(url === "/readyz" ? status : 404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

const tlsYaml = (port: number, clientAuth: string) =>
  `{ name: tls, host: 127.0.0.1, port: ${port}, tls: { cert_file: ${serverTls.certFile}, key_file: ${serverTls.keyFile}, ca_file: ${serverTls.caFile}, client_auth: ${clientAuth} } }`;

test.each([
  { status: 200, code: 0, said: "ready" },
  { status: 503, code: 1, said: "not ready (503)" },
])("a gateway that answers $status gives exit code $code", async ({ status, ...expected }) => {
  const { server, port } = await answering(status, false);
  expect(await ask(`gateway: { port: ${port} }`)).toEqual(expected);
  expect(await ask("", ["--port", String(port)])).toEqual(expected);
  server.close();
});

test("a TLS listener is asked without a name that its certificate knows", async () => {
  const { server, port } = await answering(200, true);
  expect(await ask(`listeners: [${tlsYaml(port, "none")}]`)).toEqual({ code: 0, said: "ready" });
  server.close();
});

test("a listener that wants a client certificate is passed over", async () => {
  const { server, port } = await answering(200, false);
  const plain = `{ name: plain, host: 127.0.0.1, port: ${port} }`;
  expect(await ask(`listeners: [${tlsYaml(1, "require")}, ${plain}]`)).toMatchObject({ code: 0 });
  expect(await ask(`listeners: [${tlsYaml(1, "require")}]`)).toEqual({
    code: 1,
    said: "no listener can be asked: each has port 0 or requires a client certificate",
  });
  server.close();
});

test("nobody there, and settings that are wrong, give 1 and say why", async () => {
  const port = await freePort();
  expect(await ask(`gateway: { port: ${port} }`)).toEqual({
    code: 1,
    said: "listener gateway: does not respond (ECONNREFUSED)",
  });
  expect(await ask("gateway: { prot: 1 }")).toMatchObject({ code: 1 });
});
