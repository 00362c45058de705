/** Turns a file that fits the schema into `Settings`: checks rules that span several keys, and freezes the result. */

import { defaultWeights } from "#routing/strategies/scored.ts";
import { isReserved } from "#surface-table.ts";
import { nearest } from "#yaml/nearest.ts";
import { groupsFrom } from "./allowances.ts";
import { cacheFrom } from "./cache.ts";
import type { CompileContext } from "./compile-context.ts";
import { coresFrom } from "./cores.ts";
import { corsFrom } from "./cors.ts";
import { authFrom } from "./credentials.ts";
import { bufferBytesMaxFrom } from "./gateway.ts";
import { historyFrom } from "./history.ts";
import { hooksFrom } from "./hooks.ts";
import { keyStoreFrom } from "./key-store.ts";
import { listenersFrom } from "./listeners.ts";
import { loggingFrom } from "./logging.ts";
import { modelServersFrom } from "./model-servers.ts";
import { onnxFrom } from "./models.ts";
import { providersFrom } from "./providers.ts";
import { rateLimitFrom } from "./rate-limiting.ts";
import { relayFrom } from "./relay.ts";
import type { Report } from "./report.ts";
import { restFrom } from "./rest-settings.ts";
import { routesFrom } from "./routes.ts";
import type { FileConfig } from "./schema.ts";
import type { CorsSettings, Settings } from "./settings.ts";
import { uploadsFrom } from "./uploads.ts";

/**
 * Compiles. Every problem goes to `report`; the result may be used only when there was none. What is
 * allowed but probably a mistake goes to `warn`.
 */
export function compile(
  config: FileConfig,
  context: CompileContext,
  report: Report,
  warn: Report,
): Settings {
  const { environment, gateway, load_balancer: balancer, models, metrics } = config;
  const strict = environment === "production";
  // A misspelt `production` would start without the checks of production.
  const meant = environment === "prod" ? "production" : nearest(environment, ["production"], 2);
  if (!strict && meant !== undefined) {
    report(["environment"], "looks like a misspelt production", "did you mean production?");
  }
  if (metrics.enabled && isReserved(metrics.path)) {
    report(["metrics", "path"], "is served by the gateway itself");
  }
  const cors = corsFrom(config.cors, strict, report);
  if (strict) warnOfOpenness(cors, config.logging, warn);
  const rateLimit = rateLimitFrom(config.rate_limiting, report);
  const providers = providersFrom(config.providers, context, report);
  const cores = coresFrom(config.cores, context, report);
  const uploads = uploadsFrom(config.uploads, context, report);
  return deepFreeze({
    environment,
    listeners: listenersFrom(config, context, report),
    request: {
      bytesMax: gateway.max_request_size,
      fileBytesMax: gateway.max_file_size ?? gateway.max_request_size,
      elementsMax: gateway.max_request_elements,
      timeoutMs: gateway.timeout,
    },
    bufferBytesMax: bufferBytesMaxFrom(gateway, context, report),
    drainDelayMs: gateway.drain_delay,
    drainTimeoutMs: gateway.drain_timeout,
    connectionsMax: gateway.connections_max,
    ...(gateway.connections_per_address === undefined
      ? {}
      : { connectionsPerAddressMax: gateway.connections_per_address }),
    trustedProxies: config.trusted_proxies,
    rest: restFrom(
      config.rest,
      { services: context.services, metricsPath: metrics.enabled ? metrics.path : undefined },
      report,
    ),
    ...(cors !== undefined && { cors }),
    auth: {
      ...authFrom(config.auth, strict, report),
      forwardsCredentials: providers.some(({ credentials }) => credentials === "client"),
    },
    groups: Object.fromEntries(groupsFrom(config.auth.groups)),
    ...keyStoreFrom(config.auth.key_store, config.history.url, context, report),
    ...(rateLimit !== undefined && { rateLimit }),
    chat: {
      algorithm: balancer.algorithm,
      cores: cores.filter(({ service }) => service === undefined || service === "twin"),
      queries: ["agent_controller", "knowledge_system"].flatMap((name) =>
        cores.filter(({ service }) => service === name),
      ),
      healthIntervalMs: balancer.health_check_interval,
      healthTimeoutMs: gateway.health_check_timeout,
      retryAttempts: balancer.retry_attempts,
      retryBudget: balancer.retry_budget,
      hedgeBudget: balancer.hedge_budget,
      ejectionMs: balancer.ejection_time,
      ...(balancer.timeout !== undefined && { attemptTimeoutMs: balancer.timeout }),
    },
    providers,
    routes: routesFrom(config.routes, new Set(providers.map(({ name }) => name)), report),
    hooks: hooksFrom(config.hooks, context.folder, report),
    relay: relayFrom(config.relay, providers, report),
    ...(uploads !== undefined && { uploads }),
    scoreWeights: { ...defaultWeights, ...withoutUndefined(balancer.weights) },
    onnx: onnxFrom(models, context, report),
    modelServers: modelServersFrom(
      config.model_servers,
      { ...context, providers: new Set(providers.map(({ name }) => name)) },
      { report, warn },
    ),
    cache: cacheFrom(config.cache, report),
    requests: {
      countMax: config.requests.max,
      bytesMax: config.requests.max_size,
      ...(config.requests.capture && { captureBytesMax: config.requests.capture_size }),
    },
    history: historyFrom(config.history, context, report),
    logging: loggingFrom(config.logging, context),
    metrics: { enabled: metrics.enabled, path: metrics.path },
    unused: [
      ...(config.rate_limiting?.cleanup_interval === undefined
        ? []
        : ["rate_limiting.cleanup_interval"]),
      ...context.unusedEnvironment,
    ],
    warnings: context.warnings,
  });
}

/** Drops what is undefined. */
function withoutUndefined<T extends object>(
  fields: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Warns of settings that production may have, but that usually come from development. */
function warnOfOpenness(
  cors: CorsSettings | undefined,
  logging: FileConfig["logging"],
  warn: Report,
): void {
  if (cors?.origins.includes("*") === true) {
    warn(["cors", "origins"], "lets pages of any origin read responses", "name the origins");
  }
  if (logging.level === "debug") {
    warn(
      ["logging", "level"],
      "is debug in production, which logs many lines per call",
      "info is the default",
    );
  }
}

/** Freezes plain data, all the way down. */
function deepFreeze<T extends object>(data: T): T {
  for (const value of Object.values(data)) {
    if (typeof value === "object" && value !== null) deepFreeze(value);
  }
  return Object.freeze(data);
}
