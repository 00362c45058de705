/** Scores endpoints by cost, latency, reliability, load and priority. Pure. */

import type { EndpointSnapshot } from "#pool/endpoint-snapshot.ts";
import { type Scored, type ScoredTerm, type ScoreTerm, scoreTerms } from "./score.ts";

/** Shares of the terms; they need not add up to anything. */
export type Weights = Readonly<Record<ScoreTerm, number>>;

/** The weights where none are configured. */
export const defaultWeights: Weights = {
  cost: 30,
  latency: 40,
  reliability: 30,
  load: 10,
  priority: 10,
};

/** What a call wishes. */
export interface ScoreWishes {
  readonly weights: Weights;
  /** Weights of one provider, in place of the shared ones. */
  readonly weightsByProvider?: ReadonlyMap<string, Partial<Weights>>;
  /** Gets a bonus. */
  readonly preferredProvider?: string;
}

/** Up to here a latency is perfect, from there on worthless; linear in between. */
const perfectLatencyMs = 1_000;
const worthlessLatencyMs = 5_000;
/** What an endpoint is taken for when neither it nor its peers were ever called. */
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

/** What of the peers a score is relative to. */
interface Peers {
  readonly latencyMs: number;
  readonly successRate: number;
  readonly cost: number | undefined;
  readonly costMin: number;
  readonly costMax: number;
}

/** The median of a number that not all endpoints have; no one asks for it where all have it. */
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

/** The cheapest has 1, the most expensive 0; where all cost the same, or no one knows, all have 1. */
function costScore(cost: number | undefined, { cost: median, costMin, costMax }: Peers): number {
  const taken = cost ?? median;
  if (taken === undefined || costMax <= costMin) return 1;
  return clamped((costMax - taken) / (costMax - costMin));
}

function latencyScore(latencyMs: number): number {
  return clamped((worthlessLatencyMs - latencyMs) / (worthlessLatencyMs - perfectLatencyMs));
}

/** The provider's shares of the terms, which add up to 1. */
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

/** Scores endpoints one after the other; neighbours of one provider share its weights. */
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

  /** The same, and why. */
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

/** Scores of all, best first; among equals in the order of the endpoints. */
export function scored(endpoints: readonly EndpointSnapshot[], wishes: ScoreWishes): Scored[] {
  const scorer = new Scorer(endpoints, wishes);
  return endpoints
    .map((endpoint) => scorer.explained(endpoint))
    .toSorted((one, other) => other.score - one.score);
}

/** Where the best of them stands, the first of equals; -1 when there is none. Explains nothing, and so costs a fraction. */
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
