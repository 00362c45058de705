/** What it costs to decide about a call: one bucket, all tiers, and a try with its correction. */

import { systemClock } from "#core/clock.ts";
import { type LimitOptions, ownLimitsOnly } from "#limits/limit-options.ts";
import { MemoryLimits } from "#limits/limit-store.ts";
import { Limiter } from "#limits/limiter.ts";
import type { Effort } from "./contest.ts";
import { type Way, waysTable } from "./in-process.ts";
import type { Table } from "./table.ts";

const clientCount = 10_000;
const plenty = { capacity: 1e9, perSecond: 1e9 };
const empty = { capacity: 1, perSecond: 1e-9 };
const target = { provider: "openai", model: "gpt-4o" };
const use = { tokens: 800, microUsd: 900 };
const used = { tokens: 500, microUsd: 600 };
const routes = ["polygate.v1.ChatService/Chat", "/v1/chat/completions"];

/** Names of clients in turn, so that memory is not that of one. */
function namesInTurn(): () => string {
  const names = Array.from({ length: clientCount }, (_, index) => `key:client-${index}`);
  let turn = 0;
  return () => {
    turn = (turn + 7_919) % clientCount;
    return names[turn] ?? "";
  };
}

function limiterOf(options: Partial<LimitOptions>): Limiter {
  const store = new MemoryLimits(100_000, systemClock);
  return new Limiter({ ...ownLimitsOnly, ...options }, { store, clock: systemClock });
}

/** The store alone: one bucket of the client whose turn it is. */
function bucketWay(name: string, limits: typeof plenty): Way {
  const store = new MemoryLimits(100_000, systemClock);
  const next = namesInTurn();
  return {
    name,
    run() {
      store.reserve([{ key: next(), limits, cost: 1 }]);
    },
  };
}

/** A whole call's limits, from its arrival to its end; with a try where `isTried`. */
function callWay(name: string, limiter: Limiter, isTried: boolean): Way {
  const next = namesInTurn();
  const { client: terms } = limiter.options;
  return {
    name,
    run() {
      const limits = limiter.of({ name: next(), address: "192.0.2.1", terms, routes });
      limits.arrive();
      if (isTried) {
        const pass = limits.enter(target, use);
        if (!(pass instanceof Promise) && pass.kind === "granted") pass.ended(used);
      }
      limits.end();
    },
  };
}

const requests = { requests: plenty };
const all = { ...requests, tokens: plenty, concurrentMax: 1_000_000 };
const money = { usd: 1e9, period: "month", onExceeded: "block" } as const;

/** CPU time of decisions in memory. */
export async function limitCosts(effort: Effort): Promise<Table> {
  const everyTier = limiterOf({
    client: { ...all, budget: money },
    address: requests,
    routes: [{ match: "/v1/", by: "client", terms: requests }],
    models: [{ match: "gpt-*", by: "all", terms: { tokens: plenty } }],
    providers: new Map([["openai", { ...requests, tokens: plenty }]]),
  });
  return await waysTable(
    {
      title: "Limits in memory",
      note: `${clientCount.toLocaleString("en-US")} clients in turn. A whole call takes what it may from all its buckets or from none, and ends; a try reserves tokens and money, and settles what it used.`,
      column: "decision",
    },
    [
      bucketWay("one bucket, granted", plenty),
      bucketWay("one bucket, refused", empty),
      callWay("a call with one bucket", limiterOf({ client: requests }), false),
      callWay("a call with all tiers", everyTier, false),
      callWay("a call with all tiers, and a try", everyTier, true),
    ],
    effort,
  );
}
