/** The metrics of the link to Redis. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function redisFamilies({ counter, gauge }: Makers) {
  return {
    redisCommands: counter(
      "gateway_redis_commands_total",
      "Commands to Redis for limits, for the cache and for sessions: ok, failed, or skipped while it is away.",
      ["use", "result"],
    ),
    redisUp: gauge("gateway_redis_up", "Whether Redis answers: 1 or 0.", ["use"], "min"),
  };
}

/** The registered metrics. */
export type RedisMetrics = ReturnType<typeof redisFamilies>;
