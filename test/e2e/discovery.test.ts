/** Endpoints that DNS names, behind a whole gateway: a real name server, real providers and cores. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createAgent, plainAgent } from "#agent/agent.ts";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { startCoreServer } from "../support/core-server.ts";
import { startDns } from "../support/dns-double.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { startProvider } from "../support/provider-double.ts";
import { fixture, serverTls } from "../support/tls.ts";

const yamlOf = (more: object) =>
  JSON.stringify({ gateway: { host: "127.0.0.1", port: 0 }, ...more });

async function ask({ url }: RunningGateway, model?: string): Promise<Response> {
  return await fetch(`${url}/api/v1/chat`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ message: "hello", ...(model && { model_preference: model }) }),
  });
}

const agent = () => createAgent(plainAgent, { clock: systemClock, rng: seededRng(1) });

/** Resolves with the next line of what DNS did, of those that tell this. */
const changed = (gateway: RunningGateway, field: "joined" | "left", told: string) =>
  gateway.line(({ msg, [field]: ids }) => msg === "endpoints by DNS" && `${ids}`.includes(told));

test("every address of a provider's name is an endpoint; one joins, one leaves, and no call is lost", async () => {
  await using dns = await startDns();
  await using first = await startProvider("openai-chat");
  const { port } = new URL(first.url);
  await using second = await startProvider("openai-chat", { host: "127.0.0.2", port: +port });
  dns.zone.set("vllm.test", { A: ["127.0.0.1"], ttl: 1 });
  await using gateway = await startTestGateway({
    yaml: yamlOf({
      providers: {
        gpu: {
          dialect: "openai",
          default_model: "m",
          discovery: { dns: `vllm.test:${port}`, path: "/v1", servers: [dns.address] },
        },
      },
      routes: { all: { round_robin: [{ provider: "gpu", model: "m" }], affinity: false } },
    }),
  });
  expect((await ask(gateway, "all")).status).toBe(200);
  expect(first.received[0]).toMatchObject({
    path: "/v1/chat/completions",
    headers: { host: `vllm.test:${port}` },
  });

  dns.zone.set("vllm.test", { A: ["127.0.0.1", "127.0.0.2"], ttl: 1 });
  await changed(gateway, "joined", `gpu-2 127.0.0.2:${port}`);
  while (second.received.length === 0) expect((await ask(gateway, "all")).status).toBe(200);

  // A call that is under way when its endpoint leaves.
  first.delayMs = 4_000;
  const before = first.received.length;
  const calls: Promise<Response>[] = [];
  while (first.received.length === before) {
    calls.push(ask(gateway, "all"));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  dns.zone.set("vllm.test", { A: ["127.0.0.2"], ttl: 1 });
  await changed(gateway, "left", `gpu-1 127.0.0.1:${port}`);
  expect(first.open()).toBeGreaterThan(0);
  for (const call of calls) expect((await call).status).toBe(200);
  expect(first.abortedAtMs).toEqual([]);
  const after = first.received.length;
  for (let count = 0; count < 8; count += 1) {
    expect((await ask(gateway, "all")).status).toBe(200);
  }
  expect(first.received).toHaveLength(after);
});

test("a name server that fails or says nothing changes no endpoint, and is told of once", async () => {
  await using dns = await startDns();
  await using provider = await startProvider("openai-chat");
  const { port } = new URL(provider.url);
  dns.zone.set("vllm.test", { A: ["127.0.0.1"], ttl: 1 });
  await using gateway = await startTestGateway({
    yaml: yamlOf({
      providers: {
        gpu: {
          dialect: "openai",
          default_model: "m",
          discovery: { dns: `vllm.test:${port}`, servers: [dns.address], interval: "1s" },
        },
      },
    }),
  });
  dns.mood = "failing";
  const asked = dns.asked.length;
  await gateway.line(({ msg }) => msg === "DNS fails: endpoints stay");
  dns.mood = "well";
  dns.zone.set("vllm.test", {});
  while (dns.asked.length < asked + 6) await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await ask(gateway, "gpu")).status).toBe(200);
  dns.zone.set("vllm.test", { A: ["127.0.0.1"] });
  await gateway.line(({ msg }) => msg === "DNS answers again");
  const told = gateway.lines.filter(({ msg }) => String(msg).includes("DNS fails"));
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ level: "warn", pool: "gpu", dns: `vllm.test:${port}` });
});

test("a gateway starts while the name server fails, says that nobody is there, and serves when it answers", async () => {
  await using dns = await startDns();
  await using core = await startCoreServer(agent());
  dns.mood = "failing";
  const discovery = { dns: `cores.test:${core.port}`, servers: [dns.address], interval: "1s" };
  await using gateway = await startTestGateway({ yaml: yamlOf({ cores: [{ discovery }] }) });
  const refused = await ask(gateway);
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ error: { code: "POOL_EMPTY" } });
  dns.zone.set("cores.test", { A: ["127.0.0.1"] });
  dns.mood = "well";
  await changed(gateway, "joined", `core-1-1 127.0.0.1:${core.port}`);
  expect((await ask(gateway)).status).toBe(200);
});

test.each(["http2", "grpc-js"])(
  "cores are found by SRV, each at its own port, over %s",
  async (transport) => {
    await using dns = await startDns();
    await using one = await startCoreServer(agent());
    await using other = await startCoreServer(agent());
    dns.zone.set("_grpc._tcp.cores.test", {
      SRV: [one, other].map(({ port }) => ({ port, target: "node.test" })),
    });
    dns.zone.set("node.test", { A: ["127.0.0.1"] });
    await using gateway = await startTestGateway({
      yaml: yamlOf({
        cores: [{ discovery: { dns: "_grpc._tcp.cores.test", servers: [dns.address] }, transport }],
      }),
    });
    for (let count = 0; count < 4; count += 1) expect((await ask(gateway)).status).toBe(200);
    const health = await fetch(`${gateway.url}/api/v1/health`);
    expect(await health.json()).toMatchObject({ cores: { available: 2, total: 2 } });
    const ids = (core: typeof one) => core.requestIds.length;
    expect([ids(one), ids(other)]).toEqual([2, 2]);
  },
);

test.each(["http2", "grpc-js"])(
  "a core behind TLS is known by the configured name, wherever DNS says that it is, over %s",
  async (transport) => {
    await using dns = await startDns();
    const tls = {
      cert: readFileSync(serverTls.certFile),
      key: readFileSync(serverTls.keyFile),
    };
    await using core = await startCoreServer(agent(), 0, tls);
    // The certificate is that of localhost; cores.test has none.
    for (const name of ["localhost", "cores.test"]) {
      dns.zone.set(`_grpc._tcp.${name}`, { SRV: [{ port: core.port, target: "node.test" }] });
      dns.zone.set("node.test", { A: ["127.0.0.1"] });
      await using gateway = await startTestGateway({
        yaml: yamlOf({
          load_balancer: { retry_attempts: 0 },
          cores: [
            {
              discovery: {
                dns: `_grpc._tcp.${name}`,
                scheme: "https",
                servers: [dns.address],
              },
              tls: { ca_file: fixture("ca.crt") },
              transport,
            },
          ],
        }),
      });
      expect((await ask(gateway)).status).toBe(name === "localhost" ? 200 : 503);
    }
  },
);
