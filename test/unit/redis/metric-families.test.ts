/** What is told of Redis: how commands ended, and whether it answers, each by what it is used for. */

import Registry from "prom-client/lib/registry.js";
import { expect, test } from "vitest";
import { makersOn } from "#observability/metric-makers.ts";
import { redisFamilies } from "#redis/metric-families.ts";

test("commands by use and result, and whether it is up by use", async () => {
  const registry = new Registry();
  const { redisCommands, redisUp } = redisFamilies(makersOn(registry));
  redisCommands.inc({ use: "limits", result: "ok" });
  redisUp.set({ use: "cache" }, 1);
  const text = await registry.metrics();
  expect(text.split("\n").filter((line) => line !== "")).toEqual([
    "# HELP gateway_redis_commands_total Commands to Redis for limits, for the cache and for sessions: ok, failed, or skipped while it is away.",
    "# TYPE gateway_redis_commands_total counter",
    'gateway_redis_commands_total{use="limits",result="ok"} 1',
    "# HELP gateway_redis_up Whether Redis answers: 1 or 0.",
    "# TYPE gateway_redis_up gauge",
    'gateway_redis_up{use="cache"} 1',
  ]);
});
