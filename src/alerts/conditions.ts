/** What is too much, by what was measured of calls, endpoints and budgets. Pure. */

import type { HistorySums } from "#history/bucket.ts";
import type { AlertSettings, Threshold } from "./alert-settings.ts";

/** The alerts; rules for Prometheus have the same names. */
export type AlertName =
  | "PolygateErrorRateHigh"
  | "PolygateLatencyHigh"
  | "PolygateProviderDown"
  | "PolygateCoreDown"
  | "PolygateBudgetUsed";

/** Calls, and how many of them failed through no fault of their callers. */
export interface CallCounts {
  readonly requests: number;
  readonly errors: number;
}

/** Endpoints that answer for one name. */
export interface WatchedPool {
  readonly name: string;
  /** Each core is watched by itself; of a provider one endpoint is enough. */
  readonly kind: "core" | "provider";
  /** Those that no operator has taken out. */
  readonly endpoints: readonly { readonly id: string; readonly isUp: boolean }[];
}

/** A budget, and what is gone of it. */
export interface WatchedBudget {
  readonly tier: string;
  readonly name: string;
  readonly usd: number;
  /** 0 to 1; more where it was exceeded. */
  readonly used: number;
}

/** What was measured. What could not be is undefined. */
export interface Measured {
  /** All calls of the window. */
  readonly calls: CallCounts;
  /** Tries of the window by the provider that they were given to. */
  readonly providers: ReadonlyMap<string, HistorySums> | undefined;
  readonly pools: readonly WatchedPool[];
  readonly budgets: readonly WatchedBudget[] | undefined;
}

/** One thing that was looked at. */
export interface Reading {
  readonly alert: AlertName;
  /** What tells it apart from others of the alert. */
  readonly labels: Readonly<Record<string, string>>;
  readonly isAbove: boolean;
  readonly forMs: number;
  /** In words, with the value and the threshold. */
  readonly summary: string;
}

/** The readings, and alerts of which nothing can be said now. */
export interface Readings {
  readonly readings: readonly Reading[];
  readonly unknown: ReadonlySet<AlertName>;
}

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}

function seconds(ms: number): string {
  return `${Math.round(ms) / 1_000} s`;
}

function errorRate(
  { requests, errors }: CallCounts,
  labels: Reading["labels"],
  { above, forMs, callsMin }: Threshold & { readonly callsMin: number },
): Reading {
  const share = requests === 0 ? 0 : errors / requests;
  const whose = labels.provider === undefined ? "all calls" : `calls of ${labels.provider}`;
  return {
    alert: "PolygateErrorRateHigh",
    labels,
    isAbove: requests >= callsMin && share > above,
    forMs,
    summary: `${percent(share)} of ${whose} failed (${errors} of ${requests}), above ${percent(above)}`,
  };
}

function latency(
  provider: string,
  { latencies, latencyCount }: HistorySums,
  { above, forMs, callsMin }: Threshold & { readonly callsMin: number },
): Reading {
  const p95Ms = latencies.percentile(0.95);
  return {
    alert: "PolygateLatencyHigh",
    labels: { provider },
    isAbove: latencyCount >= callsMin && p95Ms > above,
    forMs,
    summary: `p95 of ${provider} is ${seconds(p95Ms)} over ${latencyCount} calls, above ${seconds(above)}`,
  };
}

function down({ name, kind, endpoints }: WatchedPool, forMs: number): Reading[] {
  if (kind === "core") {
    return endpoints.map(({ id, isUp }) => ({
      alert: "PolygateCoreDown",
      labels: { core: id },
      isAbove: !isUp,
      forMs,
      summary: isUp ? `core ${id} answers` : `core ${id} fails its probes`,
    }));
  }
  const up = endpoints.filter(({ isUp }) => isUp).length;
  const reading: Reading = {
    alert: "PolygateProviderDown",
    labels: { provider: name },
    isAbove: endpoints.length > 0 && up === 0,
    forMs,
    summary: `${up} of ${endpoints.length} endpoints of ${name} answer`,
  };
  return [reading];
}

function budgetUsed(
  { tier, name, usd, used }: WatchedBudget,
  { above, forMs }: Threshold,
): Reading {
  return {
    alert: "PolygateBudgetUsed",
    labels: { tier, name },
    isAbove: used > above,
    forMs,
    summary: `${percent(used)} of the budget of ${tier} ${name} ($${usd}) is spent, above ${percent(above)}`,
  };
}

/** Compares all that was measured with the thresholds. */
export function readingsOf(measured: Measured, settings: AlertSettings): Readings {
  const { calls, providers, pools, budgets } = measured;
  const { callsMin } = settings;
  const readings: Reading[] = [];
  const unknown = new Set<AlertName>();
  const errors = settings.errorRate && { ...settings.errorRate, callsMin };
  const times = settings.latency && { ...settings.latency, callsMin };
  if (errors !== undefined) readings.push(errorRate(calls, {}, errors));
  if (providers === undefined) unknown.add("PolygateErrorRateHigh").add("PolygateLatencyHigh");
  for (const [provider, sums] of providers ?? []) {
    const { requests, upstreamErrors, gatewayErrors } = sums;
    const counts = { requests, errors: upstreamErrors + gatewayErrors };
    if (errors !== undefined) readings.push(errorRate(counts, { provider }, errors));
    if (times !== undefined) readings.push(latency(provider, sums, times));
  }
  if (settings.down !== undefined) {
    const { forMs } = settings.down;
    readings.push(...pools.flatMap((pool) => down(pool, forMs)));
  }
  const { budget } = settings;
  if (budgets === undefined) unknown.add("PolygateBudgetUsed");
  else if (budget !== undefined) readings.push(...budgets.map((one) => budgetUsed(one, budget)));
  return { readings, unknown };
}
