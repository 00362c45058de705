/** Cores that come and go, and say goodbye: what may be repeated is answered, and hardly anything is asked twice. */

import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { createAgent, plainAgent } from "#agent/agent.ts";
import { registerCoreService } from "#agent/service.ts";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { createHealthStatus, registerHealth } from "#rpc/health.ts";
import { startCoreServer } from "../support/core-server.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";

const agent = () => createAgent(plainAgent, { clock: systemClock, rng: seededRng(1) });
/** For what a busy machine does late. */
const soon = { timeout: 20_000 };
const yamlOf = (more: object) =>
  JSON.stringify({ gateway: { host: "127.0.0.1", port: 0 }, ...more });

/** What calls came to. */
interface Outcome {
  readonly statuses: Readonly<Record<number, number>>;
  /** Tries of all calls, the first of each included. */
  readonly attempts: number;
}

/** Calls on eight lines at once until `isDone`. */
async function callUntil({ url }: RunningGateway, isDone: (made: number) => boolean) {
  const statuses: Record<number, number> = {};
  let made = 0;
  let attempts = 0;
  const line = async () => {
    while (!isDone(made)) {
      made += 1;
      const answer = await fetch(`${url}/api/v1/chat`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"message":"hi"}',
      });
      await answer.arrayBuffer();
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      attempts += Number(answer.headers.get("x-polygate-attempts"));
    }
  };
  await Promise.all(Array.from({ length: 8 }, line));
  return { statuses, attempts, made } satisfies Outcome & { readonly made: number };
}

test("a core restarts again and again beside another: no call fails, and few are asked twice", async () => {
  await using steady = await startCoreServer(agent());
  let core = await startCoreServer(agent());
  const { port, url } = core;
  await using gateway = await startTestGateway({
    yaml: yamlOf({
      cores: [{ url: steady.url }, { url }],
      load_balancer: { health_check_interval: "500ms", ejection_time: "200ms" },
    }),
  });
  let isOver = false;
  const calling = callUntil(gateway, () => isOver);
  for (let count = 0; count < 3; count += 1) {
    await expect.poll(() => core.requestIds.length, soon).toBeGreaterThan(20);
    await core[Symbol.asyncDispose]();
    const before = steady.requestIds.length;
    await expect.poll(() => steady.requestIds.length, soon).toBeGreaterThan(before + 40);
    core = await startCoreServer(agent(), port);
  }
  await expect.poll(() => core.requestIds.length, soon).toBeGreaterThan(20);
  isOver = true;
  const { statuses, attempts, made } = await calling;
  await core[Symbol.asyncDispose]();
  expect(statuses).toEqual({ 200: made });
  expect(attempts).toBeLessThanOrEqual(1.2 * made);
}, 60_000);

test("a core says GOAWAY after every fifty calls: none fails, although no retry is allowed", async () => {
  const handle = connectNodeAdapter({
    routes(router) {
      registerCoreService(router, agent());
      registerHealth(router, createHealthStatus([]), []);
    },
  });
  const served = new Map<unknown, number>();
  const server = createServer((request, response) => {
    const session = request.stream.session;
    const count = (served.get(session) ?? 0) + 1;
    served.set(session, count);
    if (count === 50) session?.close();
    handle(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  {
    await using gateway = await startTestGateway({
      yaml: yamlOf({
        cores: [{ url: `http://127.0.0.1:${port}` }],
        load_balancer: { retry_attempts: 0, retry_budget: 0 },
      }),
    });
    const { statuses, attempts, made } = await callUntil(gateway, (count) => count >= 500);
    expect(statuses).toEqual({ 200: made });
    expect(attempts).toBe(made);
  }
  expect(served.size).toBeGreaterThanOrEqual(500 / 50);
  server.close();
}, 60_000);

test("connections to clients and to cores are replaced while calls go on: none fails", async () => {
  await using core = await startCoreServer(agent());
  await using gateway = await startTestGateway({
    yaml: yamlOf({
      gateway: { host: "127.0.0.1", port: 0, max_connection_age: "100ms" },
      cores: [{ url: core.url }],
      load_balancer: { retry_attempts: 0, max_connection_age: "1s" },
    }),
  });
  const endMs = performance.now() + 2_500;
  const { statuses, made } = await callUntil(gateway, () => performance.now() > endMs);
  expect(statuses).toEqual({ 200: made });
}, 60_000);
