/** The metrics of one gateway: those that each room declares, on one registry. */

import collectDefaultMetrics from "prom-client/lib/defaultMetrics.js";
import Registry from "prom-client/lib/registry.js";
import { alertFamilies } from "#alerts/metric-families.ts";
import { cacheFamilies } from "#cache/metric-families.ts";
import { discoveryFamilies } from "#discovery/metric-families.ts";
import { entryFamilies } from "#entry/metric-families.ts";
import { hookFamilies } from "#hooks/metric-families.ts";
import { identityFamilies } from "#identity/metric-families.ts";
import { callFamilies } from "#interceptors/metric-families.ts";
import { keyFamilies } from "#keys/metric-families.ts";
import { limitFamilies } from "#limits/metric-families.ts";
import { recordFamilies } from "#observability/metric-families.ts";
import { makersOn } from "#observability/metric-makers.ts";
import { poolFamilies } from "#pool/metric-families.ts";
import { redisFamilies } from "#redis/metric-families.ts";
import { reloadFamilies } from "#reload/metric-families.ts";
import { routingFamilies } from "#routing/metric-families.ts";
import { serviceFamilies } from "#services/metric-families.ts";
import { tracingFamilies } from "#tracing/metric-families.ts";
import { uploadFamilies } from "#uploads/metric-families.ts";

/** All of them, and their registry. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Registers every metric; the names are those that existing dashboards expect. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const make = makersOn(registry);
  return {
    registry,
    ...entryFamilies(make),
    ...callFamilies(make),
    ...redisFamilies(make),
    ...limitFamilies(make),
    ...keyFamilies(make),
    ...identityFamilies(make),
    ...recordFamilies(make),
    ...serviceFamilies(make),
    ...poolFamilies(make),
    ...discoveryFamilies(make),
    ...routingFamilies(make),
    ...cacheFamilies(make),
    ...uploadFamilies(make),
    ...tracingFamilies(make),
    ...hookFamilies(make),
    ...alertFamilies(make),
    ...reloadFamilies(make),
  };
}
