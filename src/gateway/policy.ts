/** Opens what calls are held to: who callers are, what they may use, and what judges them. */

import type { Settings } from "#config/settings.ts";
import type { Clock } from "#core/clock.ts";
import type { ProcessParts, Shared } from "#gateway/parts.ts";
import { asksAnywhere } from "#identity/access.ts";
import type { CredentialStore } from "#identity/credentials.ts";
import { openCredentials } from "#identity/open-credentials.ts";
import { keyOfCaller } from "#interceptors/caller.ts";
import type { KeyRoom } from "#keys/key-room.ts";
import { missingAfter } from "#limits/budget.ts";
import { type LimitOptions, ownLimitsOnly } from "#limits/limit-options.ts";
import type { LimitStore } from "#limits/limit-store.ts";
import { Limiter } from "#limits/limiter.ts";
import type { BudgetLimit } from "#limits/owner.ts";
import { causeText } from "#observability/cause-text.ts";
import type { StoreStates } from "#observability/store-states.ts";
import type { ChatHooks } from "#services/chat-hooks.ts";
import type { SharedStore } from "#shared-store.ts";

/** Opens what judges chats; who has none loads nothing for it. */
export async function openHooks(
  { settings, clock, logger, metrics, buffers }: Shared,
  opening: AsyncDisposableStack,
): Promise<ChatHooks | undefined> {
  if (settings.hooks.length === 0) return undefined;
  const [{ openHooks: open }, { ChatHooks: Judging }] = await Promise.all([
    import("#hooks/open-hooks.ts"),
    import("#services/chat-hooks.ts"),
  ]);
  const hooks = opening.use(await open(settings.hooks, { clock, logger, metrics }));
  return new Judging({ hooks, clock, buffers });
}

/** Opens what knows callers. */
export async function openIdentity(
  { settings: { auth, groups }, clock, logger, metrics, keys, keptKeys: kept }: Shared,
  opening: AsyncDisposableStack,
): Promise<CredentialStore> {
  const settled = new Set(auth.keys.map(({ name }) => name));
  const credentials = await openCredentials(auth, {
    ...{ clock, kept },
    keyStores: keys === undefined ? [] : [keys.live.credentials(groups, settled)],
    onFetch(report) {
      const isThere = "keys" in report;
      metrics.jwksFetches.inc({ result: isThere ? "ok" : "failed" });
      if (!isThere) {
        logger.warn({ error: causeText(report.cause) }, "jwks");
        return;
      }
      metrics.jwksFetched.set(clock.wallMs() / 1_000);
      metrics.jwksKeys.set(report.keys);
      logger.info(report, "jwks");
    },
  });
  return opening.use(credentials);
}

/** What is limited; undefined: nothing. Callers with keys may have limits of their own. */
function limitOptionsOf({ rateLimit, auth }: Settings): LimitOptions | undefined {
  return rateLimit ?? (asksAnywhere(auth) ? ownLimitsOnly : undefined);
}

/** Millionths of a dollar that are missing in a budget of a key or a group by what is kept of its spending. */
async function spentBefore(
  { owner: { tier, name }, limits, period }: BudgetLimit,
  { spentBefore: kept }: KeyRoom,
  clock: Pick<Clock, "wallMs">,
): Promise<number> {
  if (tier !== "principal" && tier !== "group") return 0;
  const by = tier === "group" ? "group" : "key";
  const spender = tier === "group" ? name : keyOfCaller(name);
  if (spender === undefined) return 0;
  return missingAfter(await kept.of(by, spender, period.startsMs), limits, clock.wallMs());
}

/** The limits of calls, with buckets that begin full, but for budgets whose spending is kept, and those that were there under the settings before. */
export function openLimiter(
  { clock, logger, metrics, keys, thread, buckets }: ProcessParts,
  settings: Settings,
  shared: LimitStore | undefined,
): Limiter | undefined {
  const options = limitOptionsOf(settings);
  if (options === undefined) return undefined;
  const store = shared ?? buckets(options.clientsMax);
  return new Limiter(options, {
    ...{ clock, store, isStoreKept: shared === undefined, places: thread?.places },
    ...(keys && { spentBefore: (limit: BudgetLimit) => spentBefore(limit, keys, clock) }),
    onSpent({ owner: { tier, name }, budget: { usd, onExceeded: on_exceeded }, period }) {
      metrics.budgetsSpent.inc({ tier, on_exceeded });
      logger.warn({ tier, name, usd, period: period.name, on_exceeded }, "budget spent");
    },
  });
}

/** Whether other gateways read the sessions of this one's portal. */
function sharesSessions({ auth, listeners }: Settings): boolean {
  const hasSecret = auth.tokens?.secrets[0] !== undefined;
  return hasSecret && listeners.some(({ serves }) => serves.includes("portal"));
}

/** Opens what is shared with other gateways; who shares nothing loads nothing for it. */
export async function openShared(
  parts: ProcessParts,
  settings: Settings,
  opening: AsyncDisposableStack,
): Promise<SharedStore | undefined> {
  const { redis, cache } = settings;
  const responses = cache.enabled && cache.isInRedis ? cache : undefined;
  const bucketsMax = limitOptionsOf(settings)?.clientsMax;
  const isUsed = sharesSessions(settings) || responses !== undefined || bucketsMax !== undefined;
  if (redis === undefined || !isUsed) return undefined;
  const { openSharedStore } = await import("#shared-store.ts");
  return opening.use(await openSharedStore({ redis, bucketsMax, responses }, parts));
}

/** Whether what is kept outside of the process can be, by name. */
export function storesOf({ stores, store }: Shared): StoreStates {
  const all = new Map(stores);
  if (store !== undefined) all.set("shared_store", store.isAway() ? "failing" : "working");
  return all;
}

/** Whether callers are limited, and by what all gateways know. */
export function rateLimiterOf({ settings, store }: Shared) {
  if (settings.rateLimit === undefined) return "disabled";
  return store?.isAway() === true ? "degraded" : "enabled";
}
