/** Turns a file that fits the schema into `Settings`: checks rules that span several keys, and freezes the result. */

import { defaultWeights } from "#routing/strategies/scored.ts";
import { isReserved } from "#surface-table.ts";
import { nearest } from "#yaml/nearest.ts";
import { concurrencyFrom } from "./adaptive-concurrency.ts";
import { groupsFrom } from "./allowances.ts";
import { auditFrom } from "./audit.ts";
import { cacheFrom } from "./cache.ts";
import { callerSigningFrom } from "./caller-signing.ts";
import type { CompileContext } from "./compile-context.ts";
import { coresFrom } from "./cores.ts";
import { corsFrom } from "./cors.ts";
import { type AuthFindings, authFrom } from "./credentials.ts";
import { bufferBytesMaxFrom } from "./gateway.ts";
import { historyFrom } from "./history.ts";
import { hooksFrom } from "./hooks.ts";
import { keyStoreFrom } from "./key-store.ts";
import { listenersFrom } from "./listeners.ts";
import { loggingFrom } from "./logging.ts";
import { modelServersFrom } from "./model-servers.ts";
import { onnxFrom } from "./models.ts";
import { overloadFrom } from "./overload.ts";
import { requireProduction } from "./production.ts";
import { providersFrom } from "./providers.ts";
import { rateLimitFrom } from "./rate-limiting.ts";
import { redisFrom } from "./redis.ts";
import { relayFrom } from "./relay.ts";
import type { Report } from "./report.ts";
import { restFrom } from "./rest-settings.ts";
import { routesFrom } from "./routes.ts";
import type { FileConfig } from "./schema.ts";
import type { ChatSettings, Settings } from "./settings.ts";
import { uploadsFrom } from "./uploads.ts";
import { withoutUndefined } from "./without-undefined.ts";

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
  const reports = { strict, report, warn };
  const cors = config.cors && corsFrom(config.cors, { ...reports, path: ["cors"] });
  warnOfDebug(config.logging, reports);
  const redis = redisFrom(config.redis, context, report);
  const providers = providersFrom(config.providers, context, report);
  const providerNames = providers.map(({ name }) => name);
  const rateLimit = rateLimitFrom(config.rate_limiting, providerNames, report);
  const cores = coresFrom(config.cores, context, report);
  const forwardsCredentials = providers.some(({ credentials }) => credentials === "client");
  const uploads = uploadsFrom(config.uploads, context, report);
  const auditLog = auditFrom(config.audit, context, report);
  const listeners = listenersFrom(config, context, reports);
  const identity = identityFrom(config, { ...context, forwardsCredentials }, reports);
  requireProduction(config, { auth: identity.auth, listeners, providers }, { ...context, report });
  return deepFreeze({
    environment,
    listeners,
    request: {
      bytesMax: gateway.max_request_size,
      routeSizes: gateway.max_request_sizes.map(({ match, size }) => ({ match, bytesMax: size })),
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
    trustedHeaders: config.trusted_headers,
    rest: restFrom(
      config.rest,
      { services: context.services, metricsPath: metrics.enabled ? metrics.path : undefined },
      report,
    ),
    ...(cors !== undefined && { cors }),
    ...identity,
    groups: Object.fromEntries(groupsFrom(config.auth.groups)),
    ...keyStoreFrom(config.auth.key_store, config.history.url, context, report),
    ...withoutUndefined({ rateLimit, redis }),
    ...overloadFrom(config.overload, report),
    chat: chatFrom(config, cores, report),
    providers,
    routes: routesFrom(config.routes, new Set(providerNames), report),
    hooks: hooksFrom(config.hooks, context.folder, report),
    relay: relayFrom(config.relay, providers, report),
    ...(uploads !== undefined && { uploads }),
    scoreWeights: { ...defaultWeights, ...withoutUndefined(balancer.weights) },
    onnx: onnxFrom(models, context, report),
    modelServers: modelServersFrom(
      config.model_servers,
      { ...context, providers: new Set(providerNames) },
      { report, warn },
    ),
    cache: cacheFrom(config.cache, redis !== undefined, report),
    requests: {
      countMax: config.requests.max,
      bytesMax: config.requests.max_size,
      ...(config.requests.capture && { captureBytesMax: config.requests.capture_size }),
    },
    history: historyFrom(config.history, context, report),
    logging: loggingFrom(config.logging, context),
    ...(auditLog !== undefined && { audit: auditLog }),
    metrics: { enabled: metrics.enabled, path: metrics.path },
    watchesFiles: config.reload.watch,
    unused: [
      ...(config.rate_limiting?.cleanup_interval === undefined
        ? []
        : ["rate_limiting.cleanup_interval"]),
      ...context.unusedEnvironment,
    ],
    warnings: context.warnings,
  });
}

/** How chats find a core. */
function chatFrom(
  { load_balancer: balancer, gateway }: FileConfig,
  cores: ReturnType<typeof coresFrom>,
  report: Report,
): ChatSettings {
  return {
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
    ...coreConcurrency(balancer.adaptive_concurrency, report),
    ...(balancer.timeout !== undefined && { attemptTimeoutMs: balancer.timeout }),
  };
}

/** What bounds the calls of a core, where anything does. */
function coreConcurrency(
  adaptive: FileConfig["load_balancer"]["adaptive_concurrency"],
  report: Report,
): Pick<ChatSettings, "concurrentMax"> {
  const concurrentMax = concurrencyFrom(adaptive, undefined, { path: ["load_balancer"], report });
  return concurrentMax === undefined ? {} : { concurrentMax };
}

/** Who may call, and how cores are told of it. */
function identityFrom(
  { auth: written, cores }: FileConfig,
  {
    folder,
    forwardsCredentials,
  }: Pick<CompileContext, "folder"> & { forwardsCredentials: boolean },
  findings: AuthFindings,
): Pick<Settings, "auth" | "callerSigning"> {
  const auth = authFrom(written, { folder }, findings);
  const secrets = auth.tokens?.secrets ?? [];
  const callerSigning = callerSigningFrom(written, { cores, folder, secrets }, findings.report);
  return {
    auth: { ...auth, forwardsCredentials },
    ...(callerSigning !== undefined && { callerSigning }),
  };
}

/** Warns of a setting that production may have, but that usually comes from development. */
function warnOfDebug(
  { level }: FileConfig["logging"],
  { strict, warn }: { readonly strict: boolean; readonly warn: Report },
): void {
  if (!strict || level !== "debug") return;
  warn(
    ["logging", "level"],
    "is debug in production, which logs many lines per call",
    "info is the default",
  );
}

/** Freezes plain data, all the way down. */
function deepFreeze<T extends object>(data: T): T {
  for (const value of Object.values(data)) {
    if (typeof value === "object" && value !== null) deepFreeze(value);
  }
  return Object.freeze(data);
}
