/** Three real cores behind a pool: one dies under load, no call fails, and it is back when it returns. */

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { createAgent, plainAgent } from "#agent/agent.ts";
import type { CoreBackend } from "#backends/backend.ts";
import { createPolyagentBackend } from "#backends/polyagent/backend.ts";
import { type Clock, systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { ChatRequestSchema } from "#gen/polyagent/core/v1/core_pb.js";
import { Pool } from "#pool/pool.ts";
import { createBalancer } from "#routing/balancer.ts";
import { createDispatch } from "#routing/dispatch.ts";
import { poolRoute } from "#routing/pool-route.ts";
import { unlimitedBudgets } from "../support/budgets.ts";
import { startCoreServer } from "../support/core-server.ts";

const healthIntervalMs = 500;

/** A clock whose sleepers sleep on while `held`, until their signal wakes them. */
class HoldingClock implements Clock {
  held = false;
  nowMs = systemClock.nowMs;
  wallMs = systemClock.wallMs;
  timer = systemClock.timer;
  stop = systemClock.stop;

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.held) return await systemClock.sleep(ms, signal);
    await new Promise((_, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason)),
    );
  }
}

async function startCores() {
  await using opening = new AsyncDisposableStack();
  const deps = { clock: systemClock, rng: seededRng(5) };
  const holding = new HoldingClock();
  const shape = { ...plainAgent, latencyMs: 5 };
  const agent = createAgent(shape, deps);
  const first = createAgent(shape, { ...deps, clock: holding });
  await agent.warmUp();
  const servers = await Promise.all([first, agent, agent].map((each) => startCoreServer(each)));
  for (const server of servers) opening.use(server);
  const members = await Promise.all(
    servers.map(async ({ url }, index) => ({
      id: `core-${index + 1}`,
      weight: 1,
      backend: await createPolyagentBackend({
        url,
        transport: "http2",
        messageBytesMax: 1 << 20,
        keepaliveMs: 30_000,
      }),
    })),
  );
  const pool = opening.use(
    new Pool<CoreBackend>(
      { name: "chat", members, healthIntervalMs, healthTimeoutMs: 1_000, ejectionMs: 20 },
      deps,
    ),
  );
  const route = poolRoute({
    pool,
    balancer: createBalancer("round_robin", deps.rng),
    algorithm: "round_robin",
    retryAttempts: 2,
    rng: deps.rng,
  });
  const owned = opening.move();
  return {
    agent,
    holding,
    servers,
    pool,
    route,
    dispatch: createDispatch({
      clock: systemClock,
      rng: deps.rng,
      budgets: unlimitedBudgets(),
    }),
    healthOf: (id: string) => pool.snapshot().find((member) => member.id === id)?.health.kind,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function asked(content: string) {
  return create(ChatRequestSchema, { messages: [{ role: "user", content }] });
}

test("one of three cores dies under load and comes back: no call fails, the rest share evenly", async () => {
  await using setting = await startCores();
  const { agent, holding, servers, pool, route, dispatch, healthOf } = setting;
  const call = { signal: new AbortController().signal, requestId: "load" };
  const chat = async (index: number) => {
    const request = asked(`echo ${index}`);
    const answer = await dispatch.call(route, (core, rest) => core.chat(request, rest), call);
    return answer.content;
  };
  const stream = async (index: number) => {
    const request = asked(`echo ${index}`);
    const open = (core: CoreBackend, rest: typeof call) => core.streamChat(request, rest);
    const pieces = await Array.fromAsync(dispatch.stream(route, open, call));
    return pieces.map(({ delta }) => delta).join("");
  };
  const load = async (from: number, count: number) => {
    const indices = Array.from({ length: count }, (_, index) => from + index);
    const one = (index: number) => (index % 2 === 0 ? chat(index) : stream(index));
    expect(await Promise.all(indices.map(one))).toEqual(indices.map(String));
  };
  const inFlight = () => pool.snapshot().map((member) => member.inFlight);
  const requests = () => pool.snapshot().map((member) => member.requests);

  await load(0, 90);
  expect(requests()).toEqual([30, 30, 30]);

  const [dying] = servers;
  if (dying === undefined) throw new Error("no server");
  await expect.poll(() => healthOf("core-1")).toBe("healthy");
  holding.held = true; // so that it dies with calls in its hands
  const seen = dying.requestIds.length;
  const loading = load(100, 120);
  expect(inFlight()).toEqual([40, 40, 40]);
  await expect.poll(() => dying.requestIds.length).toBe(seen + 40);
  await dying[Symbol.asyncDispose]();
  await loading;
  expect(pool.snapshot()[0]?.errors).toBe(40);

  await expect.poll(() => healthOf("core-1")).toBe("unhealthy");
  const [deadBefore] = requests();
  await load(300, 60);
  expect(requests()[0]).toBe(deadBefore);

  await using _back = await startCoreServer(agent, dying.port);
  await expect.poll(() => healthOf("core-1"), { timeout: 10_000 }).toBe("healthy");
  // One call tests it; then it has a growing share until it is as warm as the others.
  await load(400, 3);
  const warmth = () => pool.endpoints("").map((endpoint) => endpoint.warmth);
  await expect.poll(warmth).toEqual([1, 1, 1]);
  const before = requests();
  await load(500, 90);
  expect(requests().map((count, index) => count - (before[index] ?? 0))).toEqual([30, 30, 30]);
  expect(inFlight()).toEqual([0, 0, 0]);
});
