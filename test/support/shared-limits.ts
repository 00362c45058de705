/** Limits in a Redis of a test's own, as one gateway has them. */

import { Registry } from "prom-client";
import { type Clock, systemClock } from "#core/clock.ts";
import { limitFamilies } from "#limits/metric-families.ts";
import { type BucketLink, RedisLimits } from "#limits/redis-limits.ts";
import { type OnStoreError, StoreFallback } from "#limits/store-fallback.ts";
import { makersOn } from "#observability/metric-makers.ts";
import { RedisLink, type RedisState } from "#redis/link.ts";

/** What differs. */
export interface SharedLimitsFacts {
  readonly ports: readonly number[];
  readonly isCluster?: boolean;
  readonly clock?: Clock;
  readonly bucketsMax?: number;
  readonly onStoreError?: OnStoreError;
  readonly gateways?: number;
  /** The server's time in milliseconds, in place of its own. */
  readonly serverMs?: () => number;
  /** Time of one command; more than a busy machine needs when absent. */
  readonly commandMs?: number;
}

/** Scripts read the time from their last argument. */
const timed = `
local server = redis
local redis = {
  call = function(command, ...)
    if command ~= 'TIME' then return server.call(command, ...) end
    local ms = tonumber(ARGV[#ARGV])
    return { string.format('%.0f', math.floor(ms / 1000)), string.format('%.17g', (ms % 1000) * 1000) }
  end
}
`;

/** The same scripts on the same server, to whom the time is told. */
function withServerTime(link: RedisLink, serverMs: () => number): BucketLink {
  return {
    isCluster: link.isCluster,
    isAway: () => link.isAway(),
    run: ({ name, lua }, keys, args, late) =>
      link.run({ name: `${name}Timed`, lua: timed + lua }, keys, [...args, serverMs()], late),
  };
}

/** One gateway's side. */
export interface SharedLimits extends AsyncDisposable {
  readonly limits: RedisLimits;
  readonly link: RedisLink;
  /** Every change, in order. */
  readonly states: RedisState[];
  readonly registry: Registry;
  /** Commands that were sent. */
  sent(): number;
}

/** Connects. */
export async function openSharedLimits(facts: SharedLimitsFacts): Promise<SharedLimits> {
  const { ports, isCluster = false, clock = systemClock, bucketsMax = 10_000 } = facts;
  const { onStoreError = "local", gateways = 1, commandMs = 10_000 } = facts;
  const registry = new Registry();
  const metrics = limitFamilies(makersOn(registry));
  const states: RedisState[] = [];
  let sent = 0;
  const nodes = ports.map((port) => ({ host: "127.0.0.1", port }));
  const link = new RedisLink(
    { nodes, isCluster, database: 0, commandMs },
    {
      clock: systemClock,
      onState: (state) => states.push(state),
      onCall(result) {
        if (result !== "skipped") sent += 1;
      },
    },
  );
  await link.open();
  const fallback = new StoreFallback(onStoreError, bucketsMax, {
    clock,
    metrics,
    gateways: () => gateways,
  });
  const { serverMs } = facts;
  const used = serverMs === undefined ? link : withServerTime(link, serverMs);
  const limits = new RedisLimits(bucketsMax, { link: used, clock, metrics, fallback });
  return {
    limits,
    link,
    states,
    registry,
    sent: () => sent,
    async [Symbol.asyncDispose]() {
      await limits[Symbol.asyncDispose]();
      await link[Symbol.asyncDispose]();
    },
  };
}
