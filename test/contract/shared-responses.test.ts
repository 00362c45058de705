/** Responses that gateways share, on a real Redis: bounds, time, and what was let go. */

import { Registry } from "prom-client";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { cacheFamilies } from "#cache/metric-families.ts";
import { SharedResponses } from "#cache/shared-responses.ts";
import { systemClock } from "#core/clock.ts";
import { makersOn } from "#observability/metric-makers.ts";
import { RedisLink } from "#redis/link.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { describeWith } from "../support/needs.ts";
import { missingRedis, type RedisServer, startRedis } from "../support/redis-server.ts";

const options = { entryBytesMax: 10_000, ttlMs: 60_000 };
const piece = (length = 3) => [{ message: new Uint8Array(length).fill(7) }];

async function counted(registry: Registry): Promise<string[]> {
  const text = await registry.getSingleMetricAsString("gateway_cache_shared_total");
  return text.split("\n").filter((line) => !line.startsWith("#"));
}

test("more than may be on their way are lost, and counted", async () => {
  const registry = new Registry();
  const metrics = cacheFamilies(makersOn(registry));
  const never = new Promise<unknown>(() => {});
  const replies: unknown[] = [[]];
  const link = { run: () => (replies.length > 0 ? Promise.resolve(replies.pop()) : never) };
  await using responses = new SharedResponses(options, {
    link,
    clock: createManualClock(),
    metrics,
  });
  await responses.begin();
  for (let count = 0; count < 17; count += 1) responses.leave(`${count}`, "m", piece(1 << 20));
  expect(await counted(registry)).toEqual(['gateway_cache_shared_total{result="lost"} 2']);
});

describeWith(missingRedis)("responses that gateways share", () => {
  let server: RedisServer;
  let link: RedisLink;
  beforeAll(async () => {
    server = await startRedis();
    const nodes = [{ host: "127.0.0.1", port: server.port }];
    link = new RedisLink(
      { nodes, isCluster: false, database: 0, commandMs: 10_000 },
      { clock: systemClock, onState: () => {}, onCall: () => {} },
    );
    await link.open();
  });
  afterAll(async () => {
    await link[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  beforeEach(() => void server.cli("flushall"));

  /** One gateway's side, and what it was told. */
  async function open(stack: AsyncDisposableStack, more: Partial<typeof options> = {}) {
    const metrics = cacheFamilies(makersOn(new Registry()));
    const clock = createManualClock();
    const responses = stack.use(
      new SharedResponses({ ...options, ...more }, { link, clock, metrics }),
    );
    const told: (string | undefined)[] = [];
    responses.onPurged((model) => told.push(model));
    await responses.begin();
    return {
      responses,
      told,
      /** Resolves when it has looked at what others let go. */
      async look() {
        await clock.advance(1_000);
        await clock.untilSleeping(1);
      },
    };
  }
  const kept = async (responses: SharedResponses, key: string, model: string) =>
    (await responses.find(key, model)) !== undefined;
  const count = () => Number(server.cli("dbsize"));
  const until = async (entries: number) => {
    while (count() < entries) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  test("are found for the rest of their time, and for none before it is known what was let go", async () => {
    await using stack = new AsyncDisposableStack();
    const one = await open(stack);
    one.responses.leave("key", "model", piece());
    await until(1);
    const found = await one.responses.find("key", "model");
    expect(found?.pieces).toEqual(piece());
    expect(found?.leftMs).toBeGreaterThan(0);
    expect(found?.leftMs).toBeLessThanOrEqual(options.ttlMs);
    expect(await kept(one.responses, "key", "other")).toBe(false);
    const metrics = cacheFamilies(makersOn(new Registry()));
    const deaf = new SharedResponses(options, { link, clock: systemClock, metrics });
    expect(await kept(deaf, "key", "model")).toBe(false);
  });

  test("longer ones than may be are not read", async () => {
    await using stack = new AsyncDisposableStack();
    const one = await open(stack);
    const strict = await open(stack, { entryBytesMax: 100 });
    one.responses.leave("key", "model", piece(200));
    await until(1);
    expect(await kept(one.responses, "key", "model")).toBe(true);
    expect(await kept(strict.responses, "key", "model")).toBe(false);
  });

  test("what is no response is not found", async () => {
    await using stack = new AsyncDisposableStack();
    const one = await open(stack);
    one.responses.leave("key", "model", piece());
    await until(1);
    server.cli("set", server.cli("keys", "polygate:1:response:*"), "\u0001 something else");
    expect(await kept(one.responses, "key", "model")).toBe(false);
  });

  test("those of a model are let go by all gateways, others stay, and each is told once", async () => {
    await using stack = new AsyncDisposableStack();
    const one = await open(stack);
    const other = await open(stack);
    for (const model of ["a", "b"]) one.responses.leave("key", model, piece());
    await until(2);
    one.responses.purge("a");
    expect(await kept(one.responses, "key", "a")).toBe(false);
    expect(await kept(one.responses, "key", "b")).toBe(true);
    await until(3);
    await other.look();
    await other.look();
    expect(other.told).toEqual(["a"]);
    expect(await kept(other.responses, "key", "a")).toBe(false);
    expect(await kept(other.responses, "key", "b")).toBe(true);
    await one.look();
    expect(one.told).toEqual([]);
    one.responses.purge();
    expect(await kept(one.responses, "key", "b")).toBe(false);
    await other.look();
    expect(other.told).toEqual(["a", undefined]);
    expect(await kept(other.responses, "key", "b")).toBe(false);
  });

  test("more models than are remembered let all go", async () => {
    await using stack = new AsyncDisposableStack();
    const one = await open(stack);
    const other = await open(stack);
    const fields = Array.from({ length: 1_000 }, (_, index) => [`model${index}`, "id"]).flat();
    server.cli("hset", "polygate:1:{responses}purges", ...fields);
    await one.look();
    one.responses.purge("one more");
    while (Number(server.cli("hlen", "polygate:1:{responses}purges")) !== 1);
    await other.look();
    expect(other.told).toEqual([undefined]);
    one.responses.purge("x".repeat(257));
    await other.look();
    expect(other.told).toEqual([undefined, undefined]);
  });
});
