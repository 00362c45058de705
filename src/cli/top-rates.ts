/** What happened between two readings of the gateway's totals. Pure. */

import type { CallStats, GetStatsResponse } from "#gen/polygate/v1/stats_pb.js";

/** What a method, an endpoint of a backend, or a model did in an interval. */
export interface Rates {
  readonly name: string;
  readonly calls_per_second: number;
  /** Share of the calls of the interval that failed, 0 to 1. */
  readonly error_share: number;
  readonly in_flight: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly tokens_per_second: number;
  /** US dollars since the start. */
  readonly cost: number;
  /** Calls since the start. */
  readonly calls: number;
}

/** All of it at one moment. */
export interface TopReading {
  readonly time: string;
  readonly version: string;
  readonly uptime_seconds: number;
  readonly rss_bytes: number;
  readonly all: Rates;
  readonly backends: readonly Rates[];
  readonly models: readonly Rates[];
  readonly methods: readonly Rates[];
}

function ratesOf(
  name: string,
  now: CallStats,
  before: CallStats | undefined,
  seconds: number,
): Rates {
  // A gateway that has started anew counts from nothing.
  const since = before !== undefined && before.requests <= now.requests ? before : undefined;
  const calls = now.requests - (since?.requests ?? 0);
  const errors = now.errors - (since?.errors ?? 0);
  const tokens = now.tokens - (since?.tokens ?? 0);
  return {
    name,
    calls_per_second: seconds > 0 ? calls / seconds : 0,
    error_share: calls > 0 ? errors / calls : 0,
    in_flight: now.inFlight,
    p50_ms: now.p50LatencyMs,
    p95_ms: now.p95LatencyMs,
    p99_ms: now.p99LatencyMs,
    tokens_per_second: seconds > 0 ? tokens / seconds : 0,
    cost: now.cost,
    calls: now.requests,
  };
}

function millisOf({ timestamp }: GetStatsResponse): number {
  return timestamp === undefined ? 0 : Number(timestamp.seconds) * 1000 + timestamp.nanos / 1e6;
}

/** The busiest first. */
function byRate(one: Rates, other: Rates): number {
  return other.calls_per_second - one.calls_per_second || other.calls - one.calls;
}

/**
 * The rates between two readings; without one before, those since the start of the gateway, which is
 * what `top --once` shows.
 */
export function readingOf(now: GetStatsResponse, before: GetStatsResponse | undefined): TopReading {
  const isAnew =
    before !== undefined &&
    (now.gateway?.uptimeSeconds ?? 0) < (before.gateway?.uptimeSeconds ?? 0);
  const last = isAnew ? undefined : before;
  const seconds =
    last === undefined
      ? (now.gateway?.uptimeSeconds ?? 0)
      : (millisOf(now) - millisOf(last)) / 1000;
  const list = (kind: "methods" | "backends" | "models") =>
    Object.entries(now[kind])
      .map(([name, stats]) => ratesOf(name, stats, last?.[kind][name], seconds))
      .sort(byRate);
  const none = { requests: 0, errors: 0 } as CallStats;
  return {
    time: new Date(millisOf(now)).toISOString(),
    version: now.gateway?.version ?? "",
    uptime_seconds: now.gateway?.uptimeSeconds ?? 0,
    rss_bytes: now.gateway?.rssBytes ?? 0,
    all: ratesOf("all calls", now.calls ?? none, last?.calls, seconds),
    backends: list("backends"),
    models: list("models"),
    methods: list("methods"),
  };
}
