/** What a gauge of several threads is, of every gauge that there is. */

import { expect, test } from "vitest";
import { createMetrics } from "#metrics.ts";
import { snapshotOf } from "#observability/family.ts";
import { mergedMetrics, metricsText, ofMain, ofThread } from "#workers/metric-merge.ts";

/** How gauges are merged, each with the reason. */
const rules = {
  // Each thread has a part of the whole.
  sum: [
    ...["gateway_alerts_firing", "gateway_cache_bytes", "gateway_cache_entries"],
    ...["gateway_draining_calls", "gateway_upload_bytes", "gateway_upload_files"],
    ...["load_balancer_concurrency_limit", "load_balancer_queued_calls"],
  ],
  // Each thread knows the whole, or the worst that one knows is what counts.
  max: [
    ...["config_hash", "config_last_reload_success_timestamp_seconds"],
    ...["config_last_reload_successful", "core_health_status", "core_response_time_ms"],
    ...["discovery_endpoints", "discovery_failing", "gateway_jwks_keys", "load_balancer_endpoints"],
    ...["overload_level", "polygate_forecast_calls_per_second", "polygate_forecast_error_ratio"],
    ...["polygate_forecast_tokens_per_second", "rate_limit_gateways"],
  ],
  // Good only where it is good for all threads, or of all the one that ends first.
  min: [
    ...["gateway_jwks_fetched_timestamp_seconds", "gateway_key_store_up", "gateway_redis_up"],
    "tls_certificate_not_after_seconds",
  ],
};

/** Declared by prom-client for the process and for Node. */
const isForeign = (name: string) => /^(process|nodejs)_/.test(name);

test("every gauge has a rule by which those of several threads become one", () => {
  const { registry } = createMetrics();
  const gauges = (registry.getMetricsAsArray() as unknown as Record<string, string>[]).filter(
    ({ name = "", type }) => type === "gauge" && !isForeign(name),
  );
  const found = Map.groupBy(gauges, ({ aggregator }) => aggregator);
  const names = [...found].map(([rule, ofRule]) => [rule, ofRule.map(({ name }) => name).sort()]);
  expect(Object.fromEntries(names)).toEqual(rules);
});

test("a gauge that the main thread does not set says nothing of what the threads have", async () => {
  const main = createMetrics();
  main.configReloadIsGood.set(1);
  main.configHash.set(77);
  const threads = [createMetrics(), createMetrics()];
  for (const { keyStoreUp, overload } of threads) {
    keyStoreUp.set(1);
    overload.set(2);
  }
  const told = await Promise.all(threads.map(({ registry }) => snapshotOf(registry)));
  const all = [ofMain(await snapshotOf(main.registry)), ...told.map(ofThread)];
  const lines = metricsText(mergedMetrics(all)).split("\n");
  expect(lines).toContain("gateway_key_store_up 1");
  expect(lines).toContain("overload_level 2");
  expect(lines).toContain("config_last_reload_successful 1");
  expect(lines).toContain("config_hash 77");
});
