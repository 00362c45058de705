/** Opens the watch over calls, endpoints and budgets, which notifies webhooks. */

import type { AlertSettings } from "#alerts/alert-settings.ts";
import type { AlertWatch, AlertWatchDeps } from "#alerts/alert-watch.ts";
import type { WatchedBudget, WatchedPool } from "#alerts/conditions.ts";
import { systemRng } from "#core/rng.ts";
import type { Shared } from "#gateway/parts.ts";
import type { Limiter } from "#limits/limiter.ts";
import type { KnownPool } from "#services/backends.ts";

/** Budgets that one look asks for: those that calls met last. */
const budgetsMax = 1_000;
/** Longest name of an owner in a notice, in characters: it may be a caller's own. */
const nameLengthMax = 128;

/** Endpoints that an operator has taken out do not count. */
function watchedPool({ kind, pool }: KnownPool): WatchedPool {
  const isCore = kind === "embedded" || kind === "polyagent" || kind === "http";
  return {
    name: pool.name,
    kind: isCore ? "core" : "provider",
    endpoints: pool
      .snapshot()
      .filter(({ isDraining }) => !isDraining)
      .map(({ id, health }) => ({ id, isUp: health.kind !== "unhealthy" })),
  };
}

/** The budgets that calls met lately, and what is gone of each. */
async function budgetsOf(limiter: Limiter | undefined, wallMs: number): Promise<WatchedBudget[]> {
  if (limiter === undefined) return [];
  const limits = Iterator.from(limiter.owners())
    .map((owner) => owner.budget(wallMs))
    .filter((limit) => limit !== undefined)
    .take(budgetsMax);
  return await Promise.all(
    limits.map(async ({ owner: { tier, name }, key, limits: bucket, budget: { usd } }) => {
      const { tokens } = await limiter.store.read(key, bucket);
      const used = 1 - tokens / bucket.capacity;
      return { tier, name: name.slice(0, nameLengthMax), usd, used };
    }),
  );
}

/** What a gateway measures besides calls. */
export interface WatchedFacts {
  pools(): readonly WatchedPool[];
  /** Rejects while their store is away. */
  budgets(): Promise<readonly WatchedBudget[]>;
}

/** Of one generation. */
export function watchedFacts(
  { clock, limiter }: Pick<Shared, "clock" | "limiter">,
  pools: readonly KnownPool[],
): WatchedFacts {
  return {
    pools: () => pools.map(watchedPool),
    budgets: () => budgetsOf(limiter, clock.wallMs()),
  };
}

/** Opens the watch, which looks from its `start` on; without webhooks nothing of it is loaded. */
export async function openAlerts(
  settings: AlertSettings | undefined,
  deps: Omit<AlertWatchDeps, "rng">,
): Promise<AlertWatch | undefined> {
  if (settings === undefined) return undefined;
  const { AlertWatch: Watch } = await import("#alerts/alert-watch.ts");
  return new Watch(settings, { ...deps, rng: systemRng });
}

/** Opens the watch of a gateway of one thread; of several the main thread has it. */
export async function openOwnAlerts(
  { settings, clock, logger, metrics, stats, records, keptAlerts: kept, thread }: Shared,
  facts: WatchedFacts,
): Promise<AlertWatch | undefined> {
  if (thread !== undefined) return undefined;
  const nothing = { requests: 0, errors: 0 };
  const calls = () => stats.totals("gateway").get("calls") ?? nothing;
  const sources = { ...facts, calls, history: records.history };
  return await openAlerts(settings.alerts, { clock, logger, metrics, sources, kept });
}
