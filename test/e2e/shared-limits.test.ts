/** Whole gateways that share their limits in a real Redis: exact together, alone while it is away, and together again. */

import { globSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BucketLimits } from "#limits/token-bucket.ts";
import { startTestGateway } from "../support/gateway.ts";
import { fill, givenBy, hammer, hammerByGrpc, type Statuses } from "../support/hammered.ts";
import { describeWith } from "../support/needs.ts";
import { fromSource, type PolygateProcess, startProcess } from "../support/polygate-process.ts";
import {
  missingRedis,
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
} from "../support/redis-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const usual = { capacity: 500, perSecond: 100 };
// Who is not answered in time is refused: then nothing is admitted beside the bucket.
const yamlOf = ({ perSecond, capacity }: BucketLimits, redis = "") => `
gateway: { host: 127.0.0.1, port: 0 }
rate_limiting: { requests_per_minute: ${perSecond * 60}, burst: ${capacity} }
redis: { on_store_error: deny${redis} }`;
const yaml = yamlOf(usual);
const key = "principal:ip:127.0.0.1 requests";
/** Held at the beginning. */
const tokens = 100;
/** Long enough to be sure in every run; the verification makes it a minute. */
const seconds = Number(process.env.SHARED_LIMITS_SECONDS ?? 4);
/** Only then other tests do not run beside it, which keep a gateway from its answer for longer than the usual 50 ms. */
const isLong = seconds >= 60;

/** What two gateways on one bucket are, and what happens to them while eight clients call. */
interface Run {
  readonly servers: readonly RedisServer[];
  readonly start: () => Promise<{ readonly url: string } & AsyncDisposable>;
  readonly meanwhile?: () => Promise<void>;
  /** How long a decision waits for Redis; as long as where nothing else is configured when absent. */
  readonly redisTimeoutMs?: number;
  /** Of the bucket that they share. */
  readonly limits?: BucketLimits;
  /** Calls both until the time is over; eight clients over REST when absent. */
  readonly callers?: (urls: readonly string[], ms: number) => Promise<Statuses>;
}

const byRest = (urls: readonly string[], ms: number) =>
  hammer(urls, { clients: 8, ms, path: "/models" });

/** What both admitted, and what the bucket gave. */
async function shared(run: Run) {
  const { servers, start, meanwhile, limits = usual, callers = byRest, redisTimeoutMs = 50 } = run;
  for (const server of servers) server.cli("flushall");
  const [first] = servers as [RedisServer];
  await using gateways = new AsyncDisposableStack();
  const [one, other] = await Promise.all([start(), start()]);
  for (const gateway of [one, other]) gateways.use(gateway);
  const fromMs = fill(first, key, tokens);
  const [statuses] = await Promise.all([
    callers([one.url, other.url], seconds * 1_000),
    meanwhile?.(),
  ]);
  // What is held goes back.
  await gateways.disposeAsync();
  const given = givenBy(first, { key, limits, tokens, fromMs });
  const admitted = statuses.get(200) ?? 0;
  const refused = statuses.get(429) ?? 0;
  const offPercent = (admitted / given - 1) * 100;
  console.log(
    `shared limits: ${admitted} admitted, ${given.toFixed(1)} by the exact bound (${offPercent.toFixed(2)} %), ${refused} refused, decisions lost to time-outs of ${redisTimeoutMs} ms: ${statuses.get(503) ?? 0}`,
  );
  expect(refused).toBeGreaterThan(0);
  expect(Math.abs(offPercent)).toBeLessThan(1);
  return statuses;
}

const timeoutMs = (seconds + 30) * 1_000;

describeWith(missingRedis)("two gateways on one Redis", () => {
  let server: RedisServer;
  const start = () => startTestGateway({ yaml, env: { REDIS_URL: server.url } });
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test(
    "admit together what the bucket gives, within one percent, and refusals cost nothing",
    async () => void (await shared({ servers: [server], start })),
    timeoutMs,
  );

  test(
    "admit no more and no less when it is frozen meanwhile: what is granted too late is not lost",
    () =>
      shared({
        servers: [server],
        start,
        async meanwhile() {
          await sleep(1_000);
          server.freeze();
          await sleep(1_000);
          server.thaw();
        },
      }),
    timeoutMs,
  );
});

/** Its own time is another one while the process runs. */
const fakeTime = globSync("/usr/lib/*/faketime/libfaketime.so.1")[0];

describeWith(missingRedis ?? (fakeTime === undefined ? "faketime is not installed" : undefined))(
  "gateways whose clocks step",
  () => {
    test(
      "admit what the bucket gives, within one percent: the time of the server counts",
      async () => {
        await using server = await startRedis();
        await using folder = await temporaryFolder();
        const step = await folder.write("step", "+0");
        const config = await folder.write("gateway.yaml", yaml);
        await shared({
          servers: [server],
          async start() {
            const started = await startProcess({
              command: fromSource("serve", "--config", config),
              env: {
                PATH: process.env.PATH,
                REDIS_URL: server.url,
                LD_PRELOAD: fakeTime,
                FAKETIME_TIMESTAMP_FILE: step,
                FAKETIME_NO_CACHE: "1",
                DONT_FAKE_MONOTONIC: "1",
              },
            });
            const [url = ""] = started.urls;
            return { url, [Symbol.asyncDispose]: () => stopped(started) };
          },
          async meanwhile() {
            for (const offset of ["-3600", "+3600", "+0"]) {
              await sleep((seconds * 1_000) / 4);
              await folder.write("step", offset);
            }
          },
        });
      },
      timeoutMs,
    );
  },
);

describeWith(missingRedis)("two gateways of two threads each on one Redis", () => {
  test(
    "admit together what the bucket gives, within one percent, and decide every call",
    async () => {
      await using server = await startRedis();
      await using folder = await temporaryFolder();
      await folder.write("models/README", "");
      // What is forgotten once it is full must not fill up while two processes end.
      const limits = { capacity: 2_000, perSecond: 40 };
      const redisTimeoutMs = isLong ? 50 : 1_000;
      const settings = yamlOf(limits, `, timeout: ${redisTimeoutMs}ms`);
      const config = await folder.write(
        "gateway.yaml",
        `workers: 2\nmodels: { path: models }\n${settings}`,
      );
      const statuses = await shared({
        ...{ limits, redisTimeoutMs },
        servers: [server],
        async start() {
          const started = await startProcess({
            command: fromSource("serve", "--config", config),
            env: { PATH: process.env.PATH, REDIS_URL: server.url },
          });
          const [url = ""] = started.urls;
          return { url, [Symbol.asyncDispose]: () => stopped(started) };
        },
        async callers(urls, ms) {
          const [rest, grpc] = await Promise.all([
            hammer(urls, { clients: 4, ms, path: "/models" }),
            hammerByGrpc(urls, { clients: 4, ms }),
          ]);
          for (const one of [rest, grpc]) expect(one.get(200)).toBeGreaterThan(0);
          for (const url of urls) expect(await servingThreads(url)).toBe(2);
          const codes = new Set([...rest.keys(), ...grpc.keys()]);
          return new Map(
            [...codes].map((code) => [code, (rest.get(code) ?? 0) + (grpc.get(code) ?? 0)]),
          );
        },
      });
      // Who is not answered in time is told so.
      expect(statuses.get(503) ?? 0).toBe(0);
    },
    // Four gateways start, two of them in each process.
    timeoutMs + 180_000,
  );
});

/** How many threads of a gateway have connections. */
async function servingThreads(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/^gateway_worker_connections\{thread="\d+"\} [1-9]/gm)].length;
}

/** Ends a gateway as an operator does: it gives back what it holds. */
async function stopped(gateway: PolygateProcess): Promise<void> {
  await gateway.stop("SIGTERM");
  await gateway[Symbol.asyncDispose]();
}

describeWith(missingRedis)("two gateways on three nodes of a cluster", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test(
    "admit together what the bucket gives, within one percent, and refusals cost nothing",
    () => {
      const urls = cluster.nodes.map(({ url }) => `"${url}"`).join(", ");
      const settings = yaml.replace("redis: {", `redis: { cluster: [${urls}],`);
      return shared({ servers: cluster.nodes, start: () => startTestGateway({ yaml: settings }) });
    },
    timeoutMs,
  );
});

/** A gateway with a small bucket, and what it says. */
async function small(at: RedisServer | RedisCluster, onStoreError: string) {
  const where =
    "nodes" in at ? `cluster: [${at.nodes.map(({ url }) => url).join(", ")}]` : `url: ${at.url}`;
  const settings = `
gateway: { host: 127.0.0.1, port: 0 }
rate_limiting: { requests_per_minute: 1, burst: 4 }
redis: { ${where}, on_store_error: ${onStoreError} }`;
  const gateway = await startTestGateway({ yaml: settings });
  const call = async () => {
    const response = await fetch(`${gateway.url}/models`);
    const body = (await response.json()) as { error?: { code?: string } };
    return { status: response.status, code: body.error?.code, headers: response.headers };
  };
  return {
    gateway,
    call,
    async statuses(count: number) {
      const found: number[] = [];
      while (found.length < count) found.push((await call()).status);
      return found;
    },
    async health() {
      const response = await fetch(`${gateway.url}/health`);
      const { services } = (await response.json()) as { services: { rate_limiter: string } };
      return services.rate_limiter;
    },
    told: () =>
      gateway.lines
        .filter(({ msg }) => String(msg).startsWith("Redis"))
        .map(({ level, msg }) => `${level}: ${msg}`),
    /** Calls until a state is told so many times in all. */
    async until(count: number) {
      while (gateway.lines.filter(({ msg }) => String(msg).startsWith("Redis")).length < count) {
        await call();
      }
    },
  };
}

const away = "error: Redis is away: rate limits are not shared";
const back = "info: Redis answers again: rate limits are shared";

describeWith(missingRedis)("a Redis that is away", () => {
  test("frozen, killed and started again: each gateway limits by itself, says so once, and shares again by itself", async () => {
    await using server = await startRedis();
    const one = await small(server, "local");
    await using _ = one.gateway;
    expect([await one.health(), (await one.statuses(20)).at(-1)]).toEqual(["enabled", 429]);
    // What is known of the bucket is too old then.
    server.cli("flushall");
    server.freeze();
    await one.until(1);
    expect(one.told()).toEqual([away]);
    expect(await one.health()).toBe("degraded");
    // Its own bucket began full.
    await one.statuses(4);
    expect(new Set(await one.statuses(20))).toEqual(new Set([429]));
    const metrics = await (await fetch(`${one.gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/rate_limit_store_errors_total\{decided="local"\} [1-9]/);
    expect(metrics).toContain('gateway_redis_up{use="limits"} 0');
    server.thaw();
    await one.until(2);
    expect(one.told()).toEqual([away, back]);
    expect(await one.health()).toBe("enabled");
    await server.kill();
    await one.until(3);
    expect(await one.health()).toBe("degraded");
    await server.start();
    await one.until(4);
    expect(one.told()).toEqual([away, back, away, back]);
    expect(await one.health()).toBe("enabled");
    // The new server knows nothing of the buckets of the one before.
    expect(server.cli("keys", "polygate:1:*ip:*")).toContain("{principal:ip:127.0.0.1} requests");
  });

  test("a cluster: frozen, killed and started again, it is as one server would be", async () => {
    await using cluster = await startRedisCluster();
    const one = await small(cluster, "deny");
    await using _ = one.gateway;
    await one.statuses(1);
    for (const node of cluster.nodes) node.freeze();
    await one.until(1);
    expect(await one.health()).toBe("degraded");
    for (const node of cluster.nodes) node.thaw();
    await one.until(2);
    expect(await one.health()).toBe("enabled");
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await one.until(3);
    for (const node of cluster.nodes) await node.start();
    await one.until(4);
    expect(one.told()).toEqual([away, back, away, back]);
    expect((await one.statuses(20)).at(-1)).toBe(429);
  }, 60_000);

  test("deny: calls are refused with 503 while it is away, and public ones are not", async () => {
    await using server = await startRedis();
    const one = await small(server, "deny");
    await using _ = one.gateway;
    await server.kill();
    await one.until(1);
    const { status, code, headers } = await one.call();
    expect([status, code, headers.get("retry-after")]).toEqual([503, "LIMITS_UNAVAILABLE", "1"]);
    expect(await one.health()).toBe("degraded");
  });

  test("allow: nobody is limited while it is away", async () => {
    await using server = await startRedis();
    const one = await small(server, "allow");
    await using _ = one.gateway;
    await server.kill();
    await one.until(1);
    expect(new Set(await one.statuses(20))).toEqual(new Set([200]));
  });

  test("from the start: the gateway starts without it, and shares once it is there", async () => {
    await using server = await startRedis();
    await server.kill();
    const one = await small(server, "local");
    await using _ = one.gateway;
    expect(one.told()).toEqual([away]);
    expect((await one.statuses(5)).slice(0, 4)).toEqual([200, 200, 200, 200]);
    await server.start();
    await one.until(2);
    expect(one.told()).toEqual([away, back]);
  });
});
