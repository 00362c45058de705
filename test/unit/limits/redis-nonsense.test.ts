/** A Redis that answers what no script of this gateway does, and callers with names of any kind. */

import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { GatewaysSeen } from "#limits/gateways-seen.ts";
import { limitFamilies } from "#limits/metric-families.ts";
import { RedisLimits } from "#limits/redis-limits.ts";
import { redisKey, takeScript } from "#limits/redis-scripts.ts";
import { StoreFallback } from "#limits/store-fallback.ts";
import { makersOn } from "#observability/metric-makers.ts";
import type { RedisLink } from "#redis/link.ts";
import { RedisError } from "#redis/redis-error.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const limits = { capacity: 10, perSecond: 1 };
const good = [1, "4", "5"];

/** Takes are answered so, in turn; then as the script does. */
function answering(...replies: readonly unknown[]) {
  const clock = createManualClock();
  const metrics = limitFamilies(makersOn(new Registry()));
  const waiting = [...replies];
  const sent: unknown[][] = [];
  const late: ((reply: unknown) => void)[] = [];
  const link: Pick<RedisLink, "isCluster" | "isAway" | "run"> = {
    isCluster: false,
    isAway: () => false,
    async run({ name }, _keys, args, told) {
      sent.push([...args]);
      if (name !== takeScript.name) return 1;
      if (told !== undefined) late.push(told);
      const reply = waiting.length > 0 ? waiting.shift() : good;
      if (reply instanceof Error) throw reply;
      return reply;
    },
  };
  const fallback = new StoreFallback("local", 10, { clock, metrics, gateways: () => 1 });
  const store = new RedisLimits(10, { link, clock, metrics, fallback });
  const take = async () => await store.reserve([{ key: "principal:a tokens", limits, cost: 1 }]);
  return { store, take, sent, late };
}

const nonsense = [
  ["a text", "OK"],
  ["nothing", null],
  ["too few numbers", [1]],
  ["too many numbers", [1, "1", "1", "1"]],
  ["no numbers", [1, "nan", "inf"]],
  ["numbers that are not there", [1, null, null]],
  ["lists", [1, [], []]],
  ["numbers with more", [1, "1 token", "1e"]],
] as const;

test.each(nonsense)(
  "a reply of %s is decided without it, and nothing of it stays",
  async (_, said) => {
    const { store, take, sent } = answering(said);
    expect(await take()).toMatchObject({ waitMs: 0, takes: [{ bucket: { tokens: 9 } }] });
    // The next one is heard.
    expect(await take()).toMatchObject({ waitMs: 0, takes: [{ bucket: { tokens: 9 } }] });
    await store[Symbol.asyncDispose]();
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.flat().filter((arg) => !Number.isFinite(arg))).toEqual([]);
  },
);

test.each(nonsense)("a late reply of %s is left alone", async (_, said) => {
  const { store, take, sent, late } = answering(new RedisError("no reply within 50 ms"));
  await take();
  expect(late).toHaveLength(1);
  for (const told of late) expect(() => told(said)).not.toThrow();
  await store[Symbol.asyncDispose]();
  expect(sent.length).toBeGreaterThan(0);
  expect(sent.flat().filter((arg) => !Number.isFinite(arg))).toEqual([]);
});

test("a count of gateways that is no number changes nothing", async () => {
  const replies: unknown[] = [3, "many", null];
  const counts: number[] = [];
  const link = { run: async () => replies.shift() } as unknown as RedisLink;
  await using seen = new GatewaysSeen(link, createManualClock(), (count) => counts.push(count));
  for (let sign = 0; sign < 2; sign += 1) await seen.begin();
  expect([seen.count, counts]).toEqual([3, [3, 3]]);
});

test.each([
  ["of every length", Array.from({ length: 300 }, (_, length) => "x".repeat(length))],
  ["with braces, spaces and signs", ["a}b", "}{", "{a}", "a b", " ", "%7B", "\r\n", "é"]],
])("buckets of one owner are in one slot, and no two are one: names %s", (_, names) => {
  const keys = names.flatMap((name) =>
    ["requests", "tokens", "usd week 2026-11-30"].map((rest) => `principal:key:${name} ${rest}`),
  );
  const slots = names.map((name) => {
    const tags = ["requests", "usd week 2026-11-30"].map(
      (rest) => /\{([^}]+)\}/.exec(redisKey(`principal:key:${name} ${rest}`))?.[1],
    );
    expect(tags[0]).toBeDefined();
    expect(tags[1]).toBe(tags[0]);
    return tags[0];
  });
  expect(slots).toHaveLength(names.length);
  const written = keys.map(redisKey);
  expect(new Set(written).size).toBe(keys.length);
  expect(Math.max(...written.map(({ length }) => length))).toBeLessThanOrEqual(220);
});
