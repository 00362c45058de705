/** `usePerformanceMonitoring`: what providers and models did in the last hours, asked again and again. */

import { useCallback, useSyncExternalStore } from "react";
import type { GetPerformanceResponse } from "#gen/polygate/v1/stats_pb.js";
import { useGateway } from "./polygate-provider.tsx";

/** What may be wished beside the interval. */
export interface PerformanceMonitoringOptions {
  /** How many hours are summed up, 1 to 720; default 24. */
  readonly hours?: number;
}

/** What providers and models did. */
export interface PerformanceMonitoring {
  /** By provider and by model; undefined until the first answer. What was known stays when a call fails. */
  readonly metrics: GetPerformanceResponse | undefined;
  /** The gateway is being asked. */
  readonly isLoading: boolean;
  /** Why the latest call failed: a ConnectError; undefined when it did not. */
  readonly error: Error | undefined;
  /** When `metrics` came; undefined before. */
  readonly updatedAt: Date | undefined;
  /** Asks now. Never rejects. */
  readonly refresh: () => Promise<void>;
}

/**
 * Asks every `autoRefreshInterval` milliseconds (default 30,000; 0 asks once), while the page is seen.
 * Components that ask for the same hours share one call.
 */
export function usePerformanceMonitoring(
  autoRefreshInterval = 30_000,
  { hours = 24 }: PerformanceMonitoringOptions = {},
): PerformanceMonitoring {
  const topic = useGateway().performance(hours);
  const subscribe = useCallback(
    (listener: () => void) => topic.subscribe(listener, autoRefreshInterval),
    [topic, autoRefreshInterval],
  );
  const { metrics, error, isLoading, loadedAtMs } = useSyncExternalStore(
    subscribe,
    topic.snapshot,
    topic.serverSnapshot,
  );
  const updatedAt = loadedAtMs === undefined ? undefined : new Date(loadedAtMs);
  return { metrics, isLoading, error, updatedAt, refresh: topic.refresh };
}
