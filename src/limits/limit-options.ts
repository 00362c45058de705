/** The limits that settings name, by tier. Types only. */

import type { Terms } from "./owner.ts";

/** Whose bucket: each client has its own, or all share one. */
export type SharedBy = "client" | "all";

/** Limits of some calls, by a text that they match. */
export interface MatchedTerms {
  /** For a route, how a procedure or path begins; for a model, its name or `provider/name`, in which `*` stands for any text. */
  readonly match: string;
  readonly by: SharedBy;
  readonly terms: Terms;
}

/** The limits of a listener. */
export interface ListenerTerms {
  /** Of the listener itself, all of its callers together. */
  readonly own: Terms;
  /** Of each principal, and each address without a credential, there; absent: as everywhere. */
  readonly client?: Terms;
  /** Of each address there; absent: as everywhere. */
  readonly address?: Terms;
}

/** The limits of a gateway. */
export interface LimitOptions {
  /** Of each principal, as far as its own allowance says nothing, and of each address without a credential. */
  readonly client: Terms;
  /** Of each address, whatever credentials its calls come with. */
  readonly address: Terms;
  /** The first that matches holds. */
  readonly routes: readonly MatchedTerms[];
  readonly models: readonly MatchedTerms[];
  /** By the listener's name; absent: none has any of its own. */
  readonly listeners?: ReadonlyMap<string, ListenerTerms>;
  /** By the provider's name. */
  readonly providers: ReadonlyMap<string, Terms>;
  /** Tokens that a response is taken to have where the request names no bound. */
  readonly outputTokens: number;
  /** Owners remembered, and buckets; the one unused for longest is forgotten, that is: full again. */
  readonly clientsMax: number;
}

/** No limit at all. */
export const noTerms: Terms = Object.freeze({});

/** The limits of a gateway whose settings name none: principals and groups have their own alone. */
export const ownLimitsOnly: LimitOptions = Object.freeze({
  client: noTerms,
  address: noTerms,
  routes: [],
  models: [],
  providers: new Map<string, Terms>(),
  outputTokens: 512,
  clientsMax: 100_000,
});
