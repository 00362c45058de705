/** Opens the watch over calls, endpoints and budgets, of which webhooks are told. */

import type { AlertWatch } from "#alerts/alert-watch.ts";
import type { WatchedBudget, WatchedPool } from "#alerts/conditions.ts";
import type { PredictCatalog } from "#catalog/predict-catalog.ts";
import { systemRng } from "#core/rng.ts";
import { type ChatSide, chatPoolsOf } from "#gateway/chat-side.ts";
import type { Shared } from "#gateway/parts.ts";
import type { Limiter } from "#limits/limiter.ts";
import type { KnownPool } from "#services/backends.ts";

/** Budgets that one look asks for: those that calls met last. */
const budgetsMax = 1_000;
/** Longest name of an owner that is told, in characters: it may be a caller's own. */
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

/** Opens the watch, which looks from its `start` on; who tells no webhook loads nothing of it. */
export async function openAlerts(
  { settings, clock, logger, metrics, stats, records, limiter, keptAlerts: kept }: Shared,
  { chat, predict }: { readonly chat: ChatSide; readonly predict: PredictCatalog },
  opening: AsyncDisposableStack,
): Promise<AlertWatch | undefined> {
  if (settings.alerts === undefined) return undefined;
  const { AlertWatch: Watch } = await import("#alerts/alert-watch.ts");
  const pools: readonly KnownPool[] = [...chatPoolsOf(chat), ...predict.groups];
  const nothing = { requests: 0, errors: 0 };
  const sources = {
    calls: () => stats.totals("gateway").get("calls") ?? nothing,
    history: records.history,
    pools: () => pools.map(watchedPool),
    budgets: () => budgetsOf(limiter, clock.wallMs()),
  };
  const deps = { clock, rng: systemRng, logger, metrics, sources, kept };
  return opening.use(new Watch(settings.alerts, deps));
}
