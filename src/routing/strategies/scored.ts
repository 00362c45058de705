/** Scores endpoints by cost, latency, reliability, load and priority. Pure. */

import type { EndpointSnapshot } from "#pool/endpoint-snapshot.ts";
import { type Scored, type ScoredTerm, type ScoreTerm, scoreTerms } from "./score.ts";

/** Weights of the terms, in any proportion; they need not add up to 100. */
export type Weights = Readonly<Record<ScoreTerm, number>>;

/** The default weights. */
export const defaultWeights: Weights = {
  cost: 30,
  latency: 40,
  reliability: 30,
  load: 10,
  priority: 10,
};

/** The wishes of a call. */
export interface ScoreWishes {
  readonly weights: Weights;
  /** Weights of one provider, in place of the shared ones. */
  readonly weightsByProvider?: ReadonlyMap<string, Partial<Weights>>;
  /** The provider that gets a bonus. */
  readonly preferredProvider?: string;
}

/** Latencies up to the first bound score 1, from the second bound on 0; linear in between. */
const perfectLatencyMs = 1_000;
const worthlessLatencyMs = 5_000;
/** The values to assume when neither the endpoint nor its peers were ever called. */
const defaultLatencyMs = 2_000;
const defaultSuccessRate = 0.95;
const preferredBonus = 0.2;

function clamped(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** The middle of the known values; undefined when none is known. */
function medianOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  const middle = known.length >> 1;
  if (known.length % 2 === 1) return known[middle];
  return known.length === 0 ? undefined : ((known[middle - 1] ?? 0) + (known[middle] ?? 0)) / 2;
}

/** The values of the peers that scores are relative to. */
interface Peers {
  readonly latencyMs: number;
  readonly successRate: number;
  readonly cost: number | undefined;
  readonly costMin: number;
  readonly costMax: number;
}

/** The median of a number that some endpoints lack; computed only when one lacks it. */
function peersMedian(
  endpoints: readonly EndpointSnapshot[],
  of: (endpoint: EndpointSnapshot) => number | undefined,
): number | undefined {
  const areKnown = endpoints.every((endpoint) => of(endpoint) !== undefined);
  return areKnown ? undefined : medianOf(endpoints.map(of));
}

function peersOf(endpoints: readonly EndpointSnapshot[]): Peers {
  let costMin = Number.POSITIVE_INFINITY;
  let costMax = Number.NEGATIVE_INFINITY;
  for (const { cost } of endpoints) {
    if (cost === undefined) continue;
    if (cost < costMin) costMin = cost;
    if (cost > costMax) costMax = cost;
  }
  return {
    latencyMs: peersMedian(endpoints, ({ latencyMs }) => latencyMs) ?? defaultLatencyMs,
    successRate: peersMedian(endpoints, ({ successRate }) => successRate) ?? defaultSuccessRate,
    cost: peersMedian(endpoints, ({ cost }) => cost),
    costMin,
    costMax,
  };
}

/** The cheapest scores 1, the most expensive 0. Where all cost the same, or no price is known, all score 1. */
function costScore(cost: number | undefined, { cost: median, costMin, costMax }: Peers): number {
  const taken = cost ?? median;
  if (taken === undefined || costMax <= costMin) return 1;
  return clamped((costMax - taken) / (costMax - costMin));
}

function latencyScore(latencyMs: number): number {
  return clamped((worthlessLatencyMs - latencyMs) / (worthlessLatencyMs - perfectLatencyMs));
}

/** The weights of the provider, scaled so that they add up to 1. */
function sharesOf(provider: string, { weights, weightsByProvider }: ScoreWishes): Weights {
  const own = weightsByProvider?.get(provider);
  const all = own === undefined ? weights : { ...weights, ...own };
  const sum = scoreTerms.reduce((total, term) => total + all[term], 0);
  const shares = {} as Record<ScoreTerm, number>;
  for (const term of scoreTerms) shares[term] = sum === 0 ? 1 / scoreTerms.length : all[term] / sum;
  return shares;
}

/** One term of an endpoint compared with its peers: 0 (worst) to 1 (best). */
function scoreOf(term: ScoreTerm, endpoint: EndpointSnapshot, peers: Peers): number {
  switch (term) {
    case "cost":
      return costScore(endpoint.cost, peers);
    case "latency":
      return latencyScore(endpoint.latencyMs ?? peers.latencyMs);
    case "reliability":
      return clamped(endpoint.successRate ?? peers.successRate);
    case "load":
      return clamped(1 - endpoint.inFlight / endpoint.concurrentMax);
    case "priority":
      return clamped(1 / endpoint.priority);
  }
}

/** Scores endpoints one after the other; consecutive endpoints of one provider reuse its weights. */
class Scorer {
  readonly #peers: Peers;
  readonly #wishes: ScoreWishes;
  #provider: string | undefined;
  #shares: Weights;

  constructor(endpoints: readonly EndpointSnapshot[], wishes: ScoreWishes) {
    this.#peers = peersOf(endpoints);
    this.#wishes = wishes;
    this.#shares = wishes.weights;
  }

  #sharesOf(provider: string): Weights {
    if (provider !== this.#provider) {
      this.#provider = provider;
      this.#shares = sharesOf(provider, this.#wishes);
    }
    return this.#shares;
  }

  #bonusOf({ provider }: EndpointSnapshot): number {
    return provider === this.#wishes.preferredProvider ? preferredBonus : 0;
  }

  /** An endpoint's score. */
  total(endpoint: EndpointSnapshot): number {
    const shares = this.#sharesOf(endpoint.provider);
    let score = 0;
    for (const term of scoreTerms) score += shares[term] * scoreOf(term, endpoint, this.#peers);
    return clamped(score + this.#bonusOf(endpoint));
  }

  /** The score with its terms. */
  explained(endpoint: EndpointSnapshot): Scored {
    const { id, priority, inFlight, latencyMs, successRate, cost } = endpoint;
    const raw: Readonly<Record<ScoreTerm, number | undefined>> = {
      ...{ cost, latency: latencyMs, reliability: successRate, load: inFlight, priority },
    };
    const shares = this.#sharesOf(endpoint.provider);
    const terms = {} as Record<ScoreTerm, ScoredTerm>;
    for (const term of scoreTerms) {
      const score = scoreOf(term, endpoint, this.#peers);
      terms[term] = { raw: raw[term], score, weight: shares[term] };
    }
    return { id, score: this.total(endpoint), terms, bonus: this.#bonusOf(endpoint) };
  }
}

/** All scores, best first; equal ones in the order of the endpoints. */
export function scored(endpoints: readonly EndpointSnapshot[], wishes: ScoreWishes): Scored[] {
  const scorer = new Scorer(endpoints, wishes);
  return endpoints
    .map((endpoint) => scorer.explained(endpoint))
    .toSorted((one, other) => other.score - one.score);
}

/** The index of the best endpoint, the first of equals; -1 when there is none. Cheaper than `ranked`, because it computes no explanation. */
export function indexOfBest(endpoints: readonly EndpointSnapshot[], wishes: ScoreWishes): number {
  const scorer = new Scorer(endpoints, wishes);
  let best = -1;
  let most = Number.NEGATIVE_INFINITY;
  let index = 0;
  for (const endpoint of endpoints) {
    const score = scorer.total(endpoint);
    if (score > most) {
      most = score;
      best = index;
    }
    index += 1;
  }
  return best;
}
