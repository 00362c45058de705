/** Sums and texts of the dashboard. Pure. */

import type { GetPerformanceResponse, ProviderStats } from "#gen/polygate/v1/stats_pb.js";

/** Sums over all providers. */
export interface Totals {
  readonly requests: number;
  /** Mean over all calls, in milliseconds. */
  readonly avgLatencyMs: number;
  /** Share of calls without error, 0 to 1; 1 where there were no calls. */
  readonly successRate: number;
  /** US dollars. */
  readonly cost: number;
}

/** The sums of what providers did. */
export function totalsOf({ providerStats }: Pick<GetPerformanceResponse, "providerStats">): Totals {
  let [requests, latencyMs, successes, cost] = [0, 0, 0, 0];
  for (const stats of Object.values(providerStats)) {
    requests += stats.totalRequests;
    latencyMs += stats.avgLatencyMs * stats.totalRequests;
    successes += stats.successRate * stats.totalRequests;
    cost += stats.totalCost;
  }
  return {
    requests,
    avgLatencyMs: requests === 0 ? 0 : latencyMs / requests,
    successRate: requests === 0 ? 1 : successes / requests,
    cost,
  };
}

/** More failures than this, slower than this, or away: it should be looked at. */
const successRateLeast = 0.95;
const latencyMsMost = 10_000;

/** What should be looked at, in words; empty where all is well. */
export function concernsOf(stats: ProviderStats): readonly string[] {
  if (stats.totalRequests === 0) return [];
  return [
    ...(stats.successRate < successRateLeast ? ["more than 5 % fail"] : []),
    ...(stats.avgLatencyMs > latencyMsMost ? ["slower than 10 s"] : []),
    ...(stats.availability === 0 ? ["away"] : []),
  ];
}

/** A whole number, with groups of three. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString("en");
}

/** Milliseconds, or seconds from one on. */
export function latencyText(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** A share as percent. */
export function percentText(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** US dollars: cents above one, else four digits. */
export function dollarText(dollars: number): string {
  return `$${dollars >= 1 || dollars === 0 ? dollars.toFixed(2) : Number(dollars.toPrecision(4))}`;
}
