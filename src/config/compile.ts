/** Turns a file that fits the schema into `Settings`: checks rules that span several keys, and freezes the result. */

import { defaultWeights } from "#routing/strategies/scored.ts";
import { isReserved } from "#surface-table.ts";
import { nearest } from "#yaml/nearest.ts";
import { accessFrom } from "./access.ts";
import { concurrencyFrom } from "./adaptive-concurrency.ts";
import { alertsFrom } from "./alerts.ts";
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
import { kubernetesFrom } from "./kubernetes.ts";
import { listenersFrom } from "./listeners.ts";
import { loggingFrom } from "./logging.ts";
import { usualMetricsPath } from "./metrics.ts";
import { modelServersFrom } from "./model-servers.ts";
import { onnxFrom } from "./models.ts";
import { overloadFrom } from "./overload.ts";
import { portalFrom } from "./portal.ts";
import { requireProduction } from "./production.ts";
import { providersFrom } from "./providers.ts";
import { rateLimitFrom, withListenerLimits } from "./rate-limiting.ts";
import { redisFrom } from "./redis.ts";
import { relayFrom } from "./relay.ts";
import type { Report } from "./report.ts";
import { type RestFindings, restFrom } from "./rest-settings.ts";
import { routesFrom } from "./routes.ts";
import type { FileConfig } from "./schema.ts";
import type { ChatSettings, Settings } from "./settings.ts";
import { tracingFrom } from "./tracing.ts";
import { uploadsFrom } from "./uploads.ts";
import { withoutUndefined } from "./without-undefined.ts";
import { requireThreadable, workersFrom } from "./workers.ts";

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
  if (!strict) requireNoMisspelling(environment, report);
  requireFreePath(metrics, report);
  const reports = { strict, report, warn };
  const cors = config.cors && corsFrom(config.cors, { ...reports, path: ["cors"] });
  warnOfDebug(config.logging, reports);
  const workers = workersFrom(config.workers, context);
  const redis = redisFrom(config.redis, context, report);
  const withKubernetes = { ...context, kubernetes: kubernetesFrom(config.kubernetes, context) };
  const providers = providersFrom(config.providers, withKubernetes, report);
  const providerNames = providers.map(({ name }) => name);
  const generalLimits = rateLimitFrom(config.rate_limiting, providerNames, report);
  const rateLimit = withListenerLimits(generalLimits, config, report);
  const cores = coresFrom(config.cores, withKubernetes, report);
  const forwardsCredentials = providers.some(({ credentials }) => credentials === "client");
  const uploads = uploadsFrom(config.uploads, context, report);
  const auditLog = auditFrom(config.audit, context, report);
  const listeners = listenersFrom(config, context, reports);
  const { rest, restTemplates } = restFrom(
    config.rest,
    { services: context.services, metricsPath: metrics.enabled ? metrics.path : undefined },
    report,
  );
  const identity = identityFrom(
    config,
    { ...context, forwardsCredentials, listeners, restTemplates },
    reports,
  );
  requireProduction(config, { auth: identity.auth, listeners, providers }, { ...context, report });
  const settings: Settings = {
    environment,
    workers,
    listeners,
    request: requestFrom(gateway),
    bufferBytesMax: bufferBytesMaxFrom(gateway, context, report),
    drainDelayMs: gateway.drain_delay,
    drainTimeoutMs: gateway.drain_timeout,
    connectionsMax: gateway.connections_max,
    ...(gateway.connections_per_address === undefined
      ? {}
      : { connectionsPerAddressMax: gateway.connections_per_address }),
    trustedProxies: config.trusted_proxies,
    trustedHeaders: config.trusted_headers,
    rest,
    ...(cors !== undefined && { cors }),
    ...identity,
    groups: Object.fromEntries(groupsFrom(config.auth.groups)),
    ...keyStoreFrom(config.auth.key_store, config.history.url, context, report),
    ...withoutUndefined({ rateLimit, redis }),
    ...alertsFrom(config.alerts, report),
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
      { ...withKubernetes, providers: new Set(providerNames) },
      { report, warn },
    ),
    cache: cacheFrom(config.cache, redis !== undefined, report),
    requests: requestsFrom(config.requests),
    history: historyFrom(config.history, context, report),
    portal: portalFrom(config.portal, context.folder, report),
    logging: loggingFrom(config.logging, context, report),
    ...(auditLog !== undefined && { audit: auditLog }),
    ...tracingFrom(config.tracing, { listeners, context, report }),
    metrics: { enabled: metrics.enabled, path: metrics.path },
    watchesFiles: config.reload.watch,
    unused: [
      ...(config.rate_limiting?.cleanup_interval === undefined
        ? []
        : ["rate_limiting.cleanup_interval"]),
      ...context.unusedEnvironment,
    ],
    warnings: context.warnings,
  };
  requireThreadable(settings, report);
  return deepFreeze(settings);
}

/** Reports what is nearly `production`: it would start without the checks of production. */
function requireNoMisspelling(environment: string, report: Report): void {
  const meant = environment === "prod" ? "production" : nearest(environment, ["production"], 2);
  if (meant === undefined) return;
  report(["environment"], "looks like a misspelt production", "did you mean production?");
}

/** What is kept of recent requests. */
function requestsFrom(requests: FileConfig["requests"]): Settings["requests"] {
  return {
    countMax: requests.max,
    bytesMax: requests.max_size,
    ...(requests.capture && { captureBytesMax: requests.capture_size }),
  };
}

/** What one request may take. */
function requestFrom(gateway: FileConfig["gateway"]): Settings["request"] {
  return {
    bytesMax: gateway.max_request_size,
    routeSizes: gateway.max_request_sizes.map(({ match, size }) => ({ match, bytesMax: size })),
    fileBytesMax: gateway.max_file_size ?? gateway.max_request_size,
    elementsMax: gateway.max_request_elements,
    timeoutMs: gateway.timeout,
  };
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
    ...(balancer.max_connection_age !== undefined && {
      connectionAgeMaxMs: balancer.max_connection_age,
    }),
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

/** Who may call, and how cores learn who does. */
function identityFrom(
  config: FileConfig,
  {
    folder,
    forwardsCredentials,
    listeners,
    restTemplates,
  }: Pick<CompileContext, "folder"> &
    Pick<Settings, "listeners"> &
    Pick<RestFindings, "restTemplates"> & { readonly forwardsCredentials: boolean },
  findings: AuthFindings,
): Pick<Settings, "auth" | "callerSigning"> {
  const { auth: written, cores, history } = config;
  const auth = authFrom(written, { folder }, findings);
  const secrets = auth.tokens?.secrets ?? [];
  const keepsKeys = written.key_store !== undefined || history.url !== undefined;
  const callerSigning = callerSigningFrom(written, { cores, folder, secrets }, findings.report);
  return {
    auth: {
      ...{ ...auth, forwardsCredentials },
      ...accessFrom(config, { ...findings, auth, keepsKeys, listeners, restTemplates }),
    },
    ...(callerSigning !== undefined && { callerSigning }),
  };
}

/** Reports a path for metrics that something else has. */
function requireFreePath({ enabled, path }: FileConfig["metrics"], report: Report): void {
  // To gather the paths of all surfaces takes 4 ms.
  if (!enabled || path === usualMetricsPath) return;
  if (isReserved(path)) report(["metrics", "path"], "is served by the gateway itself");
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
