/** Whose limits there are: an owner of a tier, and its buckets of each unit. */

import { memoizeByString } from "#core/get-or-create.ts";
import { type Budget, budgetLimits, type Period, periodOf } from "./budget.ts";
import type { BucketLimits } from "./token-bucket.ts";

/** What limits may belong to. */
export const tiers = [
  "address",
  "principal",
  "group",
  "route",
  "listener",
  "model",
  "provider",
] as const;

/** One of them. */
export type Tier = (typeof tiers)[number];

/** What limits count: requests, tokens of language models, millionths of a US dollar. */
export const units = ["requests", "tokens", "micro_usd"] as const;

/** One of them. */
export type Unit = (typeof units)[number];

/** What an owner may use; what is absent has no limit. */
export interface Terms {
  readonly requests?: BucketLimits;
  readonly tokens?: BucketLimits;
  readonly budget?: Budget;
  /** Calls in progress at one time. */
  readonly concurrentMax?: number;
}

/** One bucket of an owner. */
export interface Limit {
  readonly owner: Owner;
  readonly unit: Unit;
  readonly key: string;
  readonly limits: BucketLimits;
}

/** The bucket of an owner's budget, for the period that it is now. */
export interface BudgetLimit extends Limit {
  readonly budget: Budget;
  readonly period: Period;
}

/** Who has limits. */
export class Owner {
  readonly tier: Tier;
  /** Unique in its tier. */
  readonly name: string;
  readonly terms: Terms;
  /** Unique among all owners; its buckets' keys begin with it. */
  readonly key: string;
  readonly requests: Limit | undefined;
  readonly tokens: Limit | undefined;
  #budget: BudgetLimit | undefined;
  /** The period in which it was last reported that the money is spent. */
  reported: string | undefined;
  /** The period for which what was spent before is counted. */
  counted: string | undefined;
  readonly #areLimitsInKeys: boolean;

  /** With limits in the keys of its buckets, buckets of other limits are others. */
  constructor(tier: Tier, name: string, terms: Terms, areLimitsInKeys = false) {
    this.#areLimitsInKeys = areLimitsInKeys;
    this.tier = tier;
    this.name = name;
    this.terms = terms;
    this.key = ownerKey(tier, name);
    this.requests = this.#limit("requests", terms.requests);
    this.tokens = this.#limit("tokens", terms.tokens);
  }

  /** The bucket of its budget at a moment; undefined where it has none. */
  budget(wallMs: number): BudgetLimit | undefined {
    const { budget } = this.terms;
    if (budget === undefined) return undefined;
    const known = this.#budget;
    if (known !== undefined && wallMs < known.period.endsMs) return known;
    const period = periodOf(budget, wallMs);
    const limits = budgetLimits(budget);
    this.#budget = {
      ...{ owner: this, unit: "micro_usd", budget, period, limits },
      key: this.#keyOf(`usd ${period.name}`, limits),
    };
    return this.#budget;
  }

  /** All its buckets. */
  all(wallMs: number): readonly Limit[] {
    return [this.requests, this.tokens, this.budget(wallMs)].filter((limit) => limit !== undefined);
  }

  #keyOf(of: string, { capacity, perSecond }: BucketLimits): string {
    return this.#areLimitsInKeys
      ? `${this.key} ${of} ${capacity} ${perSecond}`
      : `${this.key} ${of}`;
  }

  #limit(unit: Unit, limits: BucketLimits | undefined): Limit | undefined {
    return limits && { owner: this, unit, key: this.#keyOf(unit, limits), limits };
  }
}

const keyIn = Object.fromEntries(
  tiers.map((tier) => [tier, memoizeByString((name) => `${tier}:${name}`)]),
) as Record<Tier, (name: string) => string>;

/** What identifies an owner. A text that is put together for a call is hashed for it, too: usual ones are kept. */
export function ownerKey(tier: Tier, name: string): string {
  return keyIn[tier](name);
}
