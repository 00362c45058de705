/** The metrics of responses that are kept. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function cacheFamilies({ counter, gauge }: Makers) {
  return {
    cacheRequests: counter(
      "gateway_cache_requests_total",
      "Chats and predictions that were to be answered from the cache: hit, miss, or bypass where they may not be.",
      ["result"],
    ),
    cacheEvictions: counter(
      "gateway_cache_evictions_total",
      "Kept responses that had to go for want of room.",
      [],
    ).labels({}),
    cacheShared: counter(
      "gateway_cache_shared_total",
      "Responses that were looked for among those that gateways share (hit or miss), and that were left there (left) or could not be (lost).",
      ["result"],
    ),
    cacheEntries: gauge("gateway_cache_entries", "Responses that are kept.", []),
    cacheBytes: gauge("gateway_cache_bytes", "Bytes of the responses that are kept.", []),
  };
}

/** The registered metrics. */
export type CacheMetrics = ReturnType<typeof cacheFamilies>;
