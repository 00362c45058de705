/** What it costs to choose one of fifty endpoints, by strategy. */

import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import type { PooledBackend } from "#pool/member.ts";
import type { Observation } from "#pool/model-stats.ts";
import { Pool } from "#pool/pool.ts";
import type { RouteAsk } from "#routing/route.ts";
import { defaultWeights } from "#routing/strategies/scored.ts";
import { type RouteStrategy, routeStrategies, StrategyNode } from "#routing/strategy-route.ts";
import type { Effort } from "./contest.ts";
import { type Way, waysTable } from "./in-process.ts";
import type { Table } from "./table.ts";

const providerCount = 5;
const endpointsEach = 10;
const model = "model";
const rng = seededRng(20_261_129);

const backend: PooledBackend = {
  async check() {},
  async [Symbol.asyncDispose]() {},
};

/** A provider whose endpoints differ in weight, speed and load. */
function providerOf(index: number): Pool<PooledBackend> {
  const members = Array.from({ length: endpointsEach }, (_, at) => ({
    id: `http://10.0.${index}.${at}:8000/v1`,
    weight: 1 + (at % 3),
    backend,
  }));
  const pool = new Pool(
    {
      name: `provider-${index}`,
      members,
      concurrentMax: 1_000,
      healthIntervalMs: 3_600_000,
      healthTimeoutMs: 1_000,
    },
    { clock: systemClock, rng },
  );
  for (const { id } of members) {
    for (let call = 0; call < 20; call += 1) {
      pool.lease(id, model).settle("ok", observed(200 + 1_500 * rng.next()));
    }
    // Calls that go on all the time.
    for (let call = Math.floor(rng.next() * 5); call > 0; call -= 1) pool.lease(id, model);
  }
  return pool;
}

/** What a call of so many milliseconds shows. */
function observed(elapsedMs: number): Observation {
  return { model, elapsedMs, firstMs: undefined, tokens: 0, cost: 0 };
}

function wayOf(
  pools: readonly Pool<PooledBackend>[],
  strategy: RouteStrategy,
  affinityKey?: string,
): Way {
  const node = new StrategyNode<PooledBackend>({
    name: "bench",
    strategy,
    targets: pools.map((pool, index) => ({
      ...{ pool, model, weight: 1 },
      costOf: (promptTokens: number, outputTokens: number) =>
        ((index + 1) * (promptTokens + 4 * outputTokens)) / 1e6,
    })),
    wishes: { weights: defaultWeights },
    hasAffinity: affinityKey !== undefined,
    rng,
  });
  const ask: RouteAsk = { affinityKey, promptTokens: 500, outputTokens: 300 };
  return {
    name: affinityKey === undefined ? strategy : `${strategy}, by affinity`,
    run() {
      const choice = node.walk(ask).next(30_000);
      if (choice === undefined) throw new Error("no endpoint was chosen");
      choice.lease.settle("ok", observed(400));
    },
  };
}

/** CPU time of a selection, from the live numbers of all endpoints to the claim on one. */
export async function selectionCosts(effort: Effort): Promise<Table> {
  await using open = new AsyncDisposableStack();
  const pools = Array.from({ length: providerCount }, (_, index) => open.use(providerOf(index)));
  // Until the first probes have found them well.
  await sleep(100);
  return await waysTable(
    {
      title: `Selection among ${providerCount * endpointsEach} endpoints`,
      note: [
        `${providerCount} providers with ${endpointsEach} endpoints and a price each. A run takes the live numbers of all endpoints, leaves out who may not be asked, chooses, keeps the`,
        "reasons, claims the endpoint, and ends the claim with what the call showed.",
      ].join("\n"),
      column: "strategy",
    },
    [
      ...routeStrategies.map((strategy) => wayOf(pools, strategy)),
      wayOf(pools, "scored", "session-1"),
    ],
    effort,
  );
}
