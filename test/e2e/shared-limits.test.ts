/** Whole gateways that share their limits in a real Redis: exact together, alone while it is away, and together again. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway } from "../support/gateway.ts";
import { fill, givenBy, hammer } from "../support/hammered.ts";
import { describeWith } from "../support/needs.ts";
import {
  missingRedis,
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
} from "../support/redis-server.ts";

const limits = { capacity: 500, perSecond: 200 };
const section = `rate_limiting: { requests_per_minute: ${limits.perSecond * 60}, burst: ${limits.capacity} }`;
const yaml = `gateway: { host: 127.0.0.1, port: 0 }\n${section}`;
const key = "ip:127.0.0.1";
/** Held at the beginning. */
const tokens = 100;
/** Long enough to be sure in every run; the verification makes it a minute. */
const seconds = Number(process.env.SHARED_LIMITS_SECONDS ?? 4);

/** Two gateways under eight clients; what they admitted, and what the bucket gave. */
async function shared(
  settings: string,
  env: Record<string, string>,
  servers: readonly RedisServer[],
) {
  for (const server of servers) server.cli("flushall");
  const [first] = servers as [RedisServer];
  await using gateways = new AsyncDisposableStack();
  const one = gateways.use(await startTestGateway({ yaml: settings, env }));
  const other = gateways.use(await startTestGateway({ yaml: settings, env }));
  const fromMs = fill(first, key, tokens);
  const statuses = await hammer([one.url, other.url], { clients: 8, ms: seconds * 1_000 });
  // What is held goes back.
  await gateways.disposeAsync();
  const given = givenBy(first, { key, limits, tokens, fromMs });
  const admitted = statuses.get(200) ?? 0;
  const refused = statuses.get(429) ?? 0;
  console.log(
    `shared limits: ${admitted} admitted, ${given.toFixed(1)} by the exact bound (${((admitted / given - 1) * 100).toFixed(2)} %), ${refused} refused`,
  );
  return { statuses, admitted, refused, given };
}

describeWith(missingRedis)("two gateways on one Redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test(
    "admit together what the bucket gives, within one percent, and refusals cost nothing",
    async () => {
      const { statuses, admitted, refused, given } = await shared(yaml, { REDIS_URL: server.url }, [
        server,
      ]);
      expect([...statuses.keys()].toSorted()).toEqual([200, 429]);
      expect(refused).toBeGreaterThan(0);
      expect(Math.abs(admitted / given - 1)).toBeLessThan(0.01);
    },
    (seconds + 30) * 1_000,
  );
});

describeWith(missingRedis)("two gateways on three nodes of a cluster", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test(
    "admit together what the bucket gives, within one percent, and refusals cost nothing",
    async () => {
      const urls = cluster.nodes.map(({ url }) => `"${url}"`).join(", ");
      const settings = `${yaml}\nredis: { cluster: [${urls}] }`;
      const { statuses, admitted, refused, given } = await shared(settings, {}, cluster.nodes);
      expect([...statuses.keys()].toSorted()).toEqual([200, 429]);
      expect(refused).toBeGreaterThan(0);
      expect(Math.abs(admitted / given - 1)).toBeLessThan(0.01);
    },
    (seconds + 30) * 1_000,
  );
});
