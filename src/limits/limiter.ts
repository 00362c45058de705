/** The limits of a gateway: finds the owners whose limits a call has to pass, and what stands in their buckets. */

import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";
import { lazy } from "#core/lazy.ts";
import { settleWithin } from "#core/settle-within.ts";
import { matchesPattern } from "#core/text-pattern.ts";
import type { Period } from "./budget.ts";
import { CallLimits, type LimitSource } from "./call-limits.ts";
import { InProgress, type Places } from "./in-progress.ts";
import type { LimitOptions, ListenerTerms, MatchedTerms } from "./limit-options.ts";
import type { LimitStore } from "./limit-store.ts";
import { type BudgetLimit, type Limit, Owner, ownerKey, type Terms, type Tier } from "./owner.ts";
import type { Bucket } from "./token-bucket.ts";

/** Who makes a call, as limits see it. */
export interface Caller {
  /** Unique among callers with and without a credential. */
  readonly name: string;
  /** The network that the call comes from. */
  readonly address: string;
  /** What it may use by itself. */
  readonly terms: Terms;
  readonly group?: { readonly id: string; readonly terms: Terms } | undefined;
  /** The listener that it came by, where that has limits of its own; `client` is what it may use there besides `terms`. */
  readonly listener?: (ListenerTerms & { readonly name: string }) | undefined;
  /** The names by which routes may mean the call: procedure and path. */
  readonly routes: readonly string[];
  /** Notified when the call is refused after it had arrived. */
  readonly onRefused?: () => void;
}

/** What a limiter needs. */
export interface LimiterDeps {
  readonly clock: Pick<Clock, "wallMs" | "sleep">;
  readonly store: LimitStore;
  /** The store goes on under other settings: buckets begin anew where their limits are others. */
  readonly isStoreKept?: boolean;
  /** Where calls in progress are counted; in this limiter when absent. */
  readonly places?: Places | undefined;
  /**
   * Millionths of a US dollar that were spent in a budget's period before this process knew of it, where
   * somebody keeps them; asked once, when its bucket is full. A call that comes before a promise has
   * settled waits for it, for a second at most. Must not fail.
   */
  spentBefore?(limit: BudgetLimit): number | Promise<number>;
  /** Notified once a period of each budget whose money is spent; must not throw. */
  onSpent?(limit: BudgetLimit): void;
}

/** A limit, and what its bucket holds. */
export interface LimitState extends Limit {
  readonly tokens: number;
  /** Of a budget: the period that it holds for. */
  readonly period?: Period;
}

/** For so long a call waits to know what was spent before, in milliseconds. */
const heldMs = 1_000;

/** Models whose terms are remembered. */
const modelsMax = 1_000;

/** Finds limits by tier. */
export class Limiter implements LimitSource {
  readonly options: LimitOptions;
  readonly store: LimitStore;
  readonly clock: LimiterDeps["clock"];
  readonly #isStoreKept: boolean;
  readonly #onSpent: LimiterDeps["onSpent"];
  readonly #spentBefore: LimiterDeps["spentBefore"];
  /** Budgets of which it is asked what was spent before, by key; each settles when calls need not wait any more. */
  readonly #counting = new Map<string, Promise<void>>();
  readonly inProgress: Places;
  readonly #owners: () => LRUCache<string, Owner>;
  /** What holds for a model of a provider; null where nothing does. */
  readonly #modelTerms = new LRUCache<string, { readonly of: MatchedTerms | null }>({
    max: modelsMax,
  });

  constructor(options: LimitOptions, deps: LimiterDeps) {
    const { store, clock, onSpent, spentBefore, places, isStoreKept = false } = deps;
    this.options = options;
    this.store = store;
    this.clock = clock;
    this.#isStoreKept = isStoreKept;
    this.inProgress = places ?? new InProgress();
    this.#onSpent = onSpent;
    this.#spentBefore = spentBefore;
    this.#owners = lazy(() => new LRUCache({ max: options.clientsMax }));
  }

  /** Addresses have limits; where they have none, nobody needs to know them. */
  get limitsAddresses(): boolean {
    const { address, listeners } = this.options;
    if (!isEmpty(address)) return true;
    if (listeners === undefined) return false;
    return [...listeners.values()].some((one) => one.address !== undefined);
  }

  get hasTargets(): boolean {
    return this.options.providers.size > 0 || this.options.models.length > 0;
  }

  get outputTokens(): number {
    return this.options.outputTokens;
  }

  /** The limits that a call has to pass. */
  of(caller: Caller): CallLimits {
    const { name, address, terms, group, listener } = caller;
    const owners: Owner[] = [];
    this.#add(owners, "principal", name, terms);
    if (listener?.client !== undefined) {
      this.#add(owners, "principal", nameOn(listener, name), listener.client);
    }
    if (group !== undefined) this.#add(owners, "group", group.id, group.terms);
    const route = this.#routeOf(caller);
    if (route !== undefined) {
      this.#add(owners, "route", nameBy(route, route.match, name), route.terms);
    }
    if (listener !== undefined) this.#add(owners, "listener", listener.name, listener.own);
    if (listener?.address === undefined) {
      this.#add(owners, "address", address, this.options.address);
    } else this.#add(owners, "address", nameOn(listener, address), listener.address);
    return new CallLimits(this, owners, caller);
  }

  /** The owners that a try of a provider's model has to pass besides. */
  targets(provider: string, model: string, caller: string): readonly Owner[] {
    const owners: Owner[] = [];
    const terms = this.options.providers.get(provider);
    if (terms !== undefined) this.#add(owners, "provider", provider, terms);
    if (model === "" || this.options.models.length === 0) return owners;
    const matched = this.#modelOf(provider, model);
    if (matched === null) return owners;
    const name = matched.match.includes("/") ? `${provider}/${model}` : model;
    this.#add(owners, "model", nameBy(matched, name, caller), matched.terms);
    return owners;
  }

  /** The owners that calls had lately, the latest first. */
  owners(): Iterable<Owner> {
    return this.#owners().values();
  }

  /** An owner that a call had lately. */
  find(tier: Tier, name: string): Owner | undefined {
    return this.#owners().peek(ownerKey(tier, name));
  }

  /** What stands in the buckets of an owner. */
  async states(owner: Owner): Promise<readonly LimitState[]> {
    const { store, clock } = this;
    return await Promise.all(
      owner.all(clock.wallMs()).map(async (limit) => {
        const { tokens } = await store.read(limit.key, limit.limits);
        return { ...limit, tokens };
      }),
    );
  }

  /** Fills the buckets of an owner. */
  async reset(owner: Owner): Promise<void> {
    const { store, clock } = this;
    owner.reported = undefined;
    await Promise.all(owner.all(clock.wallMs()).map(({ key }) => store.reset(key)));
  }

  /** The bucket of an owner's budget at a moment, less what was spent before; undefined where it has none. */
  budgetOf(owner: Owner, wallMs: number): BudgetLimit | undefined {
    const limit = owner.budget(wallMs);
    if (limit === undefined || owner.counted === limit.period.name) return limit;
    owner.counted = limit.period.name;
    if (this.#spentBefore !== undefined) this.#countBefore(limit, this.#spentBefore);
    return limit;
  }

  /** A bucket that is not full is known already: what was spent is counted in it. */
  #countBefore(limit: BudgetLimit, spentBefore: NonNullable<LimiterDeps["spentBefore"]>): void {
    const { store } = this;
    const { key, limits } = limit;
    // Its owner may have been forgotten, or got other terms, while it is asked.
    if (this.#counting.has(key)) return;
    const count = (spent: number) => {
      if (spent > 0) store.adjust([{ key, limits, tokens: -spent }]);
    };
    const ask = ({ tokens }: Bucket) => (tokens < limits.capacity ? 0 : spentBefore(limit));
    const bucket = store.read(key, limits);
    const spent = bucket instanceof Promise ? bucket.then(ask) : ask(bucket);
    if (!(spent instanceof Promise)) {
      count(spent);
      return;
    }
    const counted = spent.then(count).finally(() => this.#counting.delete(key));
    this.#counting.set(key, settleWithin(counted, heldMs, this.clock));
  }

  /** Settles when it is known what was spent of a budget before, or after a while; absent: it is known. */
  counting(limit: BudgetLimit): Promise<void> | undefined {
    return this.#counting.get(limit.key);
  }

  /** Reports, once a period, that the money of a budget is spent. */
  spent(limit: BudgetLimit): void {
    const { owner, period } = limit;
    if (owner.reported === period.name) return;
    owner.reported = period.name;
    this.#onSpent?.(limit);
  }

  /** Adds an owner whose terms limit anything. */
  #add(to: Owner[], tier: Tier, name: string, terms: Terms): void {
    if (isEmpty(terms)) return;
    const owners = this.#owners();
    const key = ownerKey(tier, name);
    const known = owners.get(key);
    if (known?.terms === terms) {
      to.push(known);
      return;
    }
    const owner = new Owner(tier, name, terms, this.#isStoreKept);
    if (known !== undefined && known.terms.budget === terms.budget) {
      // It may use something else by another way in; its money is the same.
      owner.reported = known.reported;
      owner.counted = known.counted;
    }
    owners.set(key, owner);
    to.push(owner);
  }

  #routeOf({ routes: names }: Caller): MatchedTerms | undefined {
    const { routes } = this.options;
    if (routes.length === 0) return undefined;
    return routes.find(({ match }) => names.some((name) => name.startsWith(match)));
  }

  #modelOf(provider: string, model: string): MatchedTerms | null {
    const full = `${provider}/${model}`;
    const known = this.#modelTerms.get(full);
    if (known !== undefined) return known.of;
    const of =
      this.options.models.find(({ match }) =>
        matchesPattern(match.includes("/") ? full : model, match),
      ) ?? null;
    this.#modelTerms.set(full, { of });
    return of;
  }
}

/** A client's or an address's name where it has limits of that listener. */
function nameOn(listener: { readonly name: string }, name: string): string {
  return `${listener.name} ${name}`;
}

function nameBy({ by }: MatchedTerms, name: string, caller: string): string {
  return by === "client" ? `${name} ${caller}` : name;
}

function isEmpty({ requests, tokens, budget, concurrentMax }: Terms): boolean {
  return (
    requests === undefined &&
    tokens === undefined &&
    budget === undefined &&
    concurrentMax === undefined
  );
}
