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

function peersOf(endpoints: readonly EndpointSnapshot[]): Peers {
  const costs = endpoints.map(({ cost }) => cost);
  const known = costs.filter((cost) => cost !== undefined);
  return {
    latencyMs: medianOf(endpoints.map(({ latencyMs }) => latencyMs)) ?? defaultLatencyMs,
    successRate: medianOf(endpoints.map(({ successRate }) => successRate)) ?? defaultSuccessRate,
    cost: medianOf(costs),
    costMin: Math.min(...known),
    costMax: Math.max(...known),
  };
}

/** The cheapest has 1, the most expensive 0; where all cost the same, or nobody knows, all have 1. */
function costScore(cost: number | undefined, { cost: median, costMin, costMax }: Peers): number {
  const taken = cost ?? median;
  if (taken === undefined || costMax <= costMin) return 1;
  return clamped((costMax - taken) / (costMax - costMin));
}

function latencyScore(latencyMs: number): number {
  return clamped((worthlessLatencyMs - latencyMs) / (worthlessLatencyMs - perfectLatencyMs));
}

function weightsOf(provider: string, { weights, weightsByProvider }: ScoreWishes): Weights {
  const own = weightsByProvider?.get(provider);
  return own === undefined ? weights : { ...weights, ...own };
}

/** An endpoint's score beside its peers. */
function scoreOne(endpoint: EndpointSnapshot, peers: Peers, wishes: ScoreWishes): Scored {
  const { id, provider, priority, inFlight, concurrentMax, latencyMs, successRate, cost } =
    endpoint;
  const weights = weightsOf(provider, wishes);
  const sum = scoreTerms.reduce((total, term) => total + weights[term], 0);
  const measured: Readonly<Record<ScoreTerm, readonly [raw: number | undefined, score: number]>> = {
    cost: [cost, costScore(cost, peers)],
    latency: [latencyMs, latencyScore(latencyMs ?? peers.latencyMs)],
    reliability: [successRate, clamped(successRate ?? peers.successRate)],
    load: [inFlight, clamped(1 - inFlight / concurrentMax)],
    priority: [priority, clamped(1 / priority)],
  };
  const terms = {} as Record<ScoreTerm, ScoredTerm>;
  let score = 0;
  for (const term of scoreTerms) {
    const [raw, value] = measured[term];
    const weight = sum === 0 ? 1 / scoreTerms.length : weights[term] / sum;
    terms[term] = { raw, score: value, weight };
    score += weight * value;
  }
  const bonus = provider === wishes.preferredProvider ? preferredBonus : 0;
  return { id, score: clamped(score + bonus), terms, bonus };
}

/** Scores of all, best first; among equals in the order of the endpoints. */
export function scored(endpoints: readonly EndpointSnapshot[], wishes: ScoreWishes): Scored[] {
  const peers = peersOf(endpoints);
  return endpoints
    .map((endpoint) => scoreOne(endpoint, peers, wishes))
    .toSorted((one, other) => other.score - one.score);
}
