/** 5: the Redis that gateways share freezes, dies and comes back. */

import { setTimeout as sleep } from "node:timers/promises";
import { fill, givenBy, hammer } from "../../support/hammered.ts";
import { ownTime } from "../../support/process-figures.ts";
import { missingRedis, startRedis } from "../../support/redis-server.ts";
import { startCore } from "../cores.ts";
import { type ChaosGateway, startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import { type Scenario, Skipped } from "../scenario.ts";
import { Tally } from "../tally.ts";

/** So much that the load is never refused, and every call is a decision. */
const ample = { requests_per_minute: 120_000, burst: 2_000 };
/** So little that it is used up; of another gateway, in the server's first database. */
const limits = { capacity: 500, perSecond: 100 };
const key = "principal:ip:127.0.0.1 requests";
/** The longest that the first decision may take: `redis.timeout` is 50 ms. */
const firstMs = 60;
/** More than the time before, for those that follow. */
const laterMs = 1;

/** Times of calls that cost a token each and nothing else, one after the other. */
async function decide(gateway: ChaosGateway, ms: number): Promise<readonly number[]> {
  const times: number[] = [];
  const endMs = performance.now() + ms;
  while (performance.now() < endMs) {
    const passedMs = ownTime([gateway]);
    await (await fetch(`${gateway.url}/models`)).arrayBuffer();
    times.push(passedMs());
    await sleep(5);
  }
  return times;
}

function medianOf(times: readonly number[]): number {
  const tally = new Tally();
  for (const ms of times) tally.ok(ms);
  return tally.quantileMs(0.5);
}

/** See docs/design/chaos.md. */
export const redisAway: Scenario = {
  number: "5",
  name: "Redis frozen 5 s, killed, back",
  passesWhen:
    "first decision within 60 ms, then 1 ms more than before at most; policy as configured; at most 1 % off 1 s after; told by metric and health",
  isTimed: true,
  async run(context) {
    if (missingRedis !== undefined) throw new Skipped(missingRedis);
    await using redis = await startRedis();
    await using core = await startCore();
    await using gateway = await startGateway(context, {
      config: {
        cores: [{ url: core.url }],
        rate_limiting: ample,
        redis: { url: `${redis.url}/1`, on_store_error: "local" },
      },
    });
    await using strict = await startGateway(context, {
      config: {
        rate_limiting: { requests_per_minute: limits.perSecond * 60, burst: limits.capacity },
        redis: { url: redis.url, on_store_error: "deny" },
      },
    });
    const status = async () => (await fetch(`${strict.url}/models`)).status;
    await using load = new Load(context, { gateways: [gateway], unaryPerSecond: 100 });
    context.tell(`${load.text()}; limits are shared in Redis`);
    const phaseMs = context.isShort ? 700 : 5_000;
    const usual = await decide(gateway, phaseMs);
    const [before, longestBefore] = [medianOf(usual), Math.max(...usual)];
    load.next();
    for (const [what, act] of [
      ["frozen", () => redis.freeze()],
      ["killed", () => redis.kill()],
    ] as const) {
      await act();
      context.tell(`Redis is ${what}`);
      const times = await decide(gateway, phaseMs);
      const longest = Math.max(...times);
      const later = medianOf(times);
      context.timed(
        `longest decision, ${what}`,
        `${longest.toFixed(1)} ms`,
        longest <= firstMs + longestBefore,
      );
      context.timed(
        `median of decisions, ${what}`,
        `${later.toFixed(2)} ms, ${before.toFixed(2)} ms before`,
        later <= before + laterMs,
      );
      const up = await gateway.metric("gateway_redis_up", 'use="limits"');
      context.claim(`gateway_redis_up, ${what}`, up ?? "absent", up === 0);
      const strictly = await status();
      context.claim(`a gateway that denies then, ${what}`, strictly, strictly === 503);
      if (what === "frozen") redis.thaw();
    }
    const seen = load.next();
    context.claim("calls while it was away", seen.unary.text(), seen.unary.failed === 0);
    await redis.start();
    context.tell("Redis is back");
    const backMs = performance.now();
    const sinceBack = ownTime([gateway]);
    while ((await gateway.metric("gateway_redis_up", 'use="limits"')) !== 1) {
      if (performance.now() - backMs > 5_000) break;
      await decide(gateway, 20);
    }
    while ((await status()) === 503 && performance.now() - backMs < 5_000) await sleep(20);
    const passedMs = Math.round(sinceBack());
    context.timed("limits are shared again after", `${passedMs} ms`, passedMs < 1_000);
    await load.end();
    // Everything that the bucket gives from now on, and no more, with what it holds made small.
    const tokens = 100;
    const fromMs = fill(redis, key, tokens);
    const statuses = await hammer([strict.url], {
      clients: 8,
      ms: context.isShort ? 1_500 : 10_000,
      path: "/models",
    });
    strict.signal("SIGTERM");
    await strict.ended();
    const given = givenBy(redis, { key, limits, tokens, fromMs });
    const admitted = statuses.get(200) ?? 0;
    const off = (admitted / given - 1) * 100;
    const text = `${admitted} admitted, ${given.toFixed(0)} by the exact bound, ${statuses.get(429) ?? 0} refused`;
    context.claim("admitted afterwards", text, Math.abs(off) < 1 && statuses.has(429));
  },
};
