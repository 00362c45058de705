/** Listeners show their new certificate as soon as its files are there, and lose no call and no connection by it. */

import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { join } from "node:path";
import { connect as connectTls, type SecureContextOptions } from "node:tls";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { type ReloadingGateway, startReloading } from "../support/reloading.ts";
import { fixture } from "../support/tls.ts";
import { startTlsCore } from "../support/tls-core.ts";

const patience = { timeout: 15_000, interval: 20 };
const files = ["server.crt", "server.key", "ca.crt"] as const;
/** By the folder of its fixtures, what a client trusts and shows. */
const clientOf = (set: string) => ({
  ca: readFileSync(fixture(`${set}ca.crt`)),
  cert: readFileSync(fixture(`${set}client.crt`)),
  key: readFileSync(fixture(`${set}client.key`)),
});
const sets = ["", "next/"] as const;
/** A client that trusts both, and shows the certificate of the first. */
const clients = { "": clientOf(""), "next/": clientOf("next/") };
const both = Buffer.concat([clients[""].ca, clients["next/"].ca]);

const yaml = (more = "") => `
models: { path: models }
listeners:
  - { name: plain, host: 127.0.0.1, port: 0 }
  - name: secure
    host: 127.0.0.1
    port: 0
    tls: { cert_file: server.crt, key_file: server.key, ca_file: ca.crt, client_auth: require }
${more}`;

const started = (more = "") =>
  startReloading({
    "gateway.yaml": yaml(more),
    ...Object.fromEntries(files.map((name) => [name, readFileSync(fixture(name), "utf8")])),
  });

const portOf = ({ process }: ReloadingGateway) => Number(new URL(process.urls[1] ?? "").port);

/** The issuer of what is shown to a new connection, or why there is none. */
async function shownTo(gateway: ReloadingGateway, client: SecureContextOptions): Promise<string> {
  const socket = connectTls({ ...client, ca: both, host: "localhost", port: portOf(gateway) });
  try {
    await once(socket, "secureConnect");
    // A client certificate is refused after the handshake that shows the server's.
    socket.write("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const [said] = await Promise.race([once(socket, "data"), once(socket, "close")]);
    if (!Buffer.isBuffer(said)) return "closed";
    return String(socket.getPeerCertificate().issuer.CN);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code ?? "closed";
  } finally {
    socket.destroy();
  }
}

const issuers = { "": "Polygate test CA", "next/": "Polygate next test CA" };

async function metric(gateway: ReloadingGateway, name: string): Promise<string | undefined> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return text.split("\n").find((line) => line.startsWith(name));
}

test("certificate, key and authorities are swapped ten times under load: no call fails, each is shown", async () => {
  await using gateway = await started();
  expect(await metric(gateway, "tls_certificate_not_after_seconds")).toMatch(
    /\{listener="secure"\} 4\d{9}$/,
  );
  const baseUrl = `https://localhost:${portOf(gateway)}`;
  const open = createClient(
    ModelsService,
    createGrpcTransport({ baseUrl, nodeOptions: { ...clients[""], ca: both } }),
  );
  const failures: unknown[] = [];
  let calls = 0;
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      calls += 1;
      await open.listModels({}).catch((thrown: unknown) => failures.push(thrown));
    }
  })();
  for (let count = 1; count <= 10; count += 1) {
    const set = sets[count % 2] ?? "";
    for (const name of files) copyFileSync(fixture(`${set}${name}`), join(gateway.folder, name));
    await expect.poll(() => shownTo(gateway, clients[set]), patience).toBe(issuers[set]);
    // Whoever shows a certificate of the authority before is turned away.
    expect(await shownTo(gateway, clients[sets[(count + 1) % 2] ?? ""])).not.toBe(issuers[set]);
  }
  isOver = true;
  await asking;
  // All of them on the connection that was opened before the first swap.
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThan(20);
  expect(await metric(gateway, 'tls_certificate_reload_total{listener="secure",result="ok"}')).toBe(
    'tls_certificate_reload_total{listener="secure",result="ok"} 10',
  );
}, 60_000);

test.each([
  ["garbage", () => writeGarbage],
  ["the key of another certificate", () => writeForeignKey],
])("%s: the one before is shown on, told by metric and log", async (_name, write) => {
  await using gateway = await started();
  const session = connectHttp2(`https://localhost:${portOf(gateway)}`, clients[""]);
  await once(session, "connect");
  write()(gateway.folder);
  const refused = "certificate refused: the one before stays";
  await expect.poll(() => gateway.lines(refused).length, patience).toBe(1);
  expect(gateway.lines(refused)[0]).toMatchObject({ level: "error", listener: "secure" });
  expect(await shownTo(gateway, clients[""])).toBe(issuers[""]);
  expect(
    await metric(gateway, 'tls_certificate_reload_total{listener="secure",result="invalid"}'),
  ).toMatch(/ 1$/);
  expect(session.destroyed).toBe(false);
  session.destroy();
});

const writeGarbage = (folder: string) => writeFileSync(join(folder, "server.crt"), "garbage");
const writeForeignKey = (folder: string) =>
  copyFileSync(fixture("next/server.key"), join(folder, "server.key"));

test("a backend is shown the new client certificate, and trusted by the new authority", async () => {
  const tls = "tls: { ca_file: core-ca.crt, cert_file: client.crt, key_file: client.key }";
  await using core = await startTlsCore(sets.map((set) => clientOf(set).ca));
  const copies = {
    "core-ca.crt": "ca.crt",
    "client.crt": "client.crt",
    "client.key": "client.key",
  };
  const textsOf = (set: string) =>
    Object.entries(copies).map(([name, from]) => [
      name,
      readFileSync(fixture(`${set}${from}`), "utf8"),
    ]);
  await using gateway = await startReloading({
    "gateway.yaml": `gateway: { host: 127.0.0.1, port: 0 }\nmodels: { path: models }\ncores: [{ url: "${core.url}", ${tls} }]\n`,
    ...Object.fromEntries(textsOf("")),
  });
  const ask = async () => {
    const response = await fetch(`${gateway.url}/api/v1/chat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"message":"hi"}',
    });
    await response.arrayBuffer();
    return response.status;
  };
  await expect.poll(ask, patience).toBe(200);
  expect(new Set(core.issuers)).toEqual(new Set([issuers[""]]));
  core.show("next/");
  for (const [name = "", text = ""] of textsOf("next/")) gateway.write(name, text);
  await expect.poll(() => core.issuers.at(-1), patience).toBe(issuers["next/"]);
  expect(await ask()).toBe(200);
});
