/** The gateway's pages: liveness, readiness, metrics, and what stands here. */

import type { DescService } from "@bufbuild/protobuf";
import type { ChatBackend } from "#backends/backend.ts";
import { getOrCreate } from "#core/get-or-create.ts";
import type { Page, PageResponse, Pages } from "#entry/pages.ts";
import type { ListenerAccess } from "#identity/access.ts";
import { expositionOf, openMetricsOf, openMetricsType } from "#observability/family.ts";
import type { PooledBackend } from "#pool/member.ts";
import type { PoolMetrics } from "#pool/metric-families.ts";
import type { Pool } from "#pool/pool.ts";
import { docsPages } from "./docs-pages.ts";
import type { FrontOptions } from "./front.ts";
import { homePages } from "./home-page.ts";
import type { Metrics } from "./metrics.ts";
import type { DocumentFacts } from "./openapi-document.ts";

/** Pools of which gauges tell. */
export interface GaugedPools {
  /** Those of cores. */
  readonly pools: readonly Pool<ChatBackend>[];
  /** All of them, those of providers and of servers of models included. */
  readonly known: readonly Pick<Pool<PooledBackend>, "name" | "snapshot">[];
}

/** What the pages report. */
export interface GatewayPageFacts extends GaugedPools {
  readonly metrics: Metrics;
  /** What others have counted as well; absent: there are none. */
  readonly exposition?: () => Promise<string>;
  /** The forecast; what it tells is there for the next reader. Absent: there is none. */
  readonly forecastGauges?: { refresh(): Promise<void> };
  /** Whether calls should be sent here. */
  readonly isReady: () => boolean;
  /** Calls are traced, and metrics lead to their traces. */
  readonly hasExemplars: boolean;
  /** Absent: no metrics page. */
  readonly metricsPath: string | undefined;
  readonly version: string;
  readonly services: readonly DescService[];
  /** What /openapi.json reports; a listener may read and write other JSON, and ask for other credentials. */
  readonly document: Omit<DocumentFacts, "access">;
  /** Whether the portal is there to be shown. */
  readonly hasPortal: () => boolean;
  /** What is asked of callers of a listener. */
  readonly accessOf: (listener: string) => ListenerAccess;
}

function json(status: number, body: unknown): PageResponse {
  return { status, contentType: "application/json", body: JSON.stringify(body) };
}

function redirect(location: string): PageResponse {
  return { ...json(307, { location }), headers: { location } };
}

/** Not to be ready is no error: the first such response is logged, those that repeat it are not. */
function readinessPage(isReady: () => boolean): () => PageResponse {
  let isLogged = false;
  return () => {
    if (isReady()) {
      isLogged = false;
      return json(200, { status: "ready" });
    }
    const logLevel = isLogged ? "debug" : "info";
    isLogged = true;
    return { ...json(503, { status: "not ready" }), logLevel };
  };
}

/** Brings the gauges of cores up to the moment; a probe alone would leave them at its last change. */
function refreshCoreGauges(
  { coreHealth, coreResponse }: PoolMetrics,
  pools: readonly Pool<ChatBackend>[],
): void {
  coreHealth.reset();
  coreResponse.reset();
  for (const { id, health } of pools.flatMap((pool) => pool.snapshot())) {
    coreHealth.set({ core_id: id, status: health.kind }, 1);
    if (health.kind !== "unknown") coreResponse.set({ core_id: id }, health.responseTimeMs);
  }
}

/** How many endpoints each pool has at this moment, by their health. */
function refreshEndpointGauges({ endpoints }: PoolMetrics, pools: GatewayPageFacts["known"]): void {
  endpoints.reset();
  for (const pool of pools) {
    for (const { health, isDraining } of pool.snapshot()) {
      endpoints.inc({ provider: pool.name, status: isDraining ? "draining" : health.kind });
    }
  }
}

/** The limits of calls at this moment: adaptive ones move with each call, and endpoints of DNS come and go. */
function refreshConcurrencyGauges(
  { concurrencyLimit }: PoolMetrics,
  pools: GatewayPageFacts["known"],
): void {
  concurrencyLimit.reset();
  for (const pool of pools) {
    for (const { id: core, concurrentMax } of pool.snapshot()) {
      if (!Number.isFinite(concurrentMax)) continue;
      concurrencyLimit.set({ provider: pool.name, core }, concurrentMax);
    }
  }
}

/** Brings the gauges of pools up to the moment. */
export function refreshGauges(metrics: PoolMetrics, { pools, known }: GaugedPools): void {
  refreshCoreGauges(metrics, pools);
  refreshEndpointGauges(metrics, known);
  refreshConcurrencyGauges(metrics, known);
}

/** Pages of every listener, of those that serve REST, and of those that serve metrics. */
export function gatewayPages(facts: GatewayPageFacts): FrontOptions["pages"] {
  const { metrics, isReady, metricsPath, document, accessOf } = facts;
  const { rest } = document;
  // Listeners that read and write the same JSON, and ask for the same, share its document.
  const sharedDocs = new Map<ListenerAccess, Pages>();
  const docsOf = (access: ListenerAccess) =>
    getOrCreate(sharedDocs, access, () => docsPages({ ...document, access }));
  const metricsPage: Page = async (request) => {
    refreshGauges(metrics, facts);
    void facts.forecastGauges?.refresh();
    const { registry } = metrics;
    const { contentType } = registry;
    if (facts.exposition !== undefined) {
      return { status: 200, contentType, body: await facts.exposition() };
    }
    // It has nothing more to say than the usual form where nothing is traced.
    if (facts.hasExemplars && request.header("accept")?.includes("application/openmetrics-text")) {
      return { status: 200, contentType: openMetricsType, body: await openMetricsOf(registry) };
    }
    return { status: 200, contentType, body: await expositionOf(registry) };
  };
  return {
    all: {
      "/livez": () => json(200, { status: "alive" }),
      "/readyz": readinessPage(isReady),
    },
    rest: ({ name, serves, json: own }) => ({
      ...homePages({
        ...facts,
        serves,
        hasPortal: () => serves.includes("portal") && facts.hasPortal(),
        metricsPath: serves.includes("metrics") ? metricsPath : undefined,
      }),
      ...(own === undefined && serves.includes("admin")
        ? docsOf(accessOf(name))
        : docsPages({
            ...{ ...document, access: accessOf(name), leavesOutAdmin: !serves.includes("admin") },
            rest: { ...rest, json: { ...rest.json, ...own } },
          })),
      "/docs/": () => redirect("/docs"),
      "/status": () => redirect("/healthz"),
    }),
    metrics: metricsPath === undefined ? {} : { [metricsPath]: metricsPage },
  };
}
