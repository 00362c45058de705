/** A file that fits becomes `Settings`: what spans several keys is checked, the result is frozen. */

import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { DescService } from "@bufbuild/protobuf";
import { dialectPaths } from "#backends/llm/paths.ts";
import type { ProviderSettings } from "#backends/llm/provider-settings.ts";
import { packageFile } from "#core/package-file.ts";
import { defaultWeights } from "#routing/strategies/scored.ts";
import { isReserved } from "#surface-table.ts";
import { nearest } from "#yaml/nearest.ts";
import type { Problem } from "#yaml/problem.ts";
import type { Environment } from "#yaml/source.ts";
import { coresFrom } from "./cores.ts";
import { authFrom } from "./credentials.ts";
import { hooksFrom } from "./hooks.ts";
import { listenersFrom } from "./listeners.ts";
import { providersFrom } from "./providers.ts";
import type { Report } from "./report.ts";
import { restFrom } from "./rest-settings.ts";
import { routesFrom } from "./routes.ts";
import type { FileConfig } from "./schema.ts";
import type {
  CacheSettings,
  CorsSettings,
  HistorySettings,
  LoggingSettings,
  OnnxSettings,
  RateLimitSettings,
  RelaySettings,
  Settings,
} from "./settings.ts";
import type { TlsFiles, TlsProblem } from "./tls-files.ts";

/** What a configuration does not say itself. */
export interface CompileContext {
  /** Absolute; relative paths in the file count from here. */
  readonly folder: string;
  /** Whether a file or folder is there and may be read. */
  readonly isReadable: (path: string) => boolean;
  /** What is wrong with PEM files. */
  readonly tlsProblems: (files: TlsFiles) => readonly TlsProblem[];
  /** Threads that the machine runs at once. */
  readonly cpus: number;
  /** V8's limit of the heap. */
  readonly heapBytesMax: number;
  /** The environment, for keys and addresses of providers. */
  readonly env: Environment;
  /** Environment names that are set and without effect. */
  readonly unusedEnvironment: readonly string[];
  /** What was read and is worth a word, though it stops nothing. */
  readonly warnings: readonly Problem[];
  /** Streams of this process that a terminal shows. */
  readonly terminals: readonly LoggingSettings["output"][];
  /** Services whose methods HTTP rules may select. */
  readonly services: readonly DescService[];
}

/** The models that ship with the package. */
const ownModels = fileURLToPath(packageFile("models"));

/**
 * Compiles; every problem goes to `report`, and the result is of use only when there was none. What
 * is allowed and seldom meant goes to `warn`.
 */
export function compile(
  config: FileConfig,
  context: CompileContext,
  report: Report,
  warn: Report,
): Settings {
  const { environment, gateway, load_balancer: balancer, models, metrics } = config;
  const strict = environment === "production";
  // A misspelt production would start without its checks.
  const meant = environment === "prod" ? "production" : nearest(environment, ["production"], 2);
  if (!strict && meant !== undefined) {
    report(["environment"], "is almost production", "did you mean production?");
  }
  if (metrics.enabled && isReserved(metrics.path)) {
    report(["metrics", "path"], "is served by the gateway itself");
  }
  const cors = corsFrom(config.cors, strict, report);
  if (strict) warnOfOpenness(cors, config.logging, warn);
  const rateLimit = rateLimitFrom(config.rate_limiting, report);
  const providers = providersFrom(config.providers, context, report);
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
    ...(rateLimit !== undefined && { rateLimit }),
    chat: {
      algorithm: balancer.algorithm,
      cores: coresFrom(config.cores, context, report),
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
    scoreWeights: { ...defaultWeights, ...withoutUndefined(balancer.weights) },
    onnx: onnxFrom(models, context, report),
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

/** Buffers lie outside of V8's heap, but its limit says how much memory the process may have. */
const heapShare = 1 / 10;
const bufferBytesMaxDefault = 1024 ** 3;

function bufferBytesMaxFrom(
  { buffer_limit: limit, max_request_size: requestBytesMax, max_file_size }: FileConfig["gateway"],
  { heapBytesMax }: CompileContext,
  report: Report,
): number {
  const derived = Math.min(Math.floor(heapBytesMax * heapShare), bufferBytesMaxDefault);
  // A message and what it decompresses to are held at the same time.
  const needed = 2 * Math.max(requestBytesMax, max_file_size ?? 0);
  if (limit !== undefined && limit < needed) {
    const largest = needed > 2 * requestBytesMax ? "max_file_size" : "max_request_size";
    report(["gateway", "buffer_limit"], `is less than twice \`${largest}\``, "raise it");
  }
  return limit ?? Math.max(derived, needed);
}

/** People read a terminal, programs everything else. */
function loggingFrom(
  { level, format, output, routing }: FileConfig["logging"],
  { terminals }: CompileContext,
): LoggingSettings {
  const suited = terminals.includes(output) ? "text" : "json";
  return { level, format: format ?? suited, output, routing };
}

function relayFrom(
  { provider, id_secret: idSecret, look_ahead: aheadBytesMax }: FileConfig["relay"],
  providers: readonly ProviderSettings[],
  report: Report,
): RelaySettings {
  const able = providers.filter(({ dialect }) => dialectPaths[dialect].relaysOperations === true);
  if (provider !== undefined && !able.some(({ name }) => name === provider)) {
    const names = able.map(({ name }) => name).join(", ");
    report(
      ["relay", "provider"],
      "is no provider that speaks OpenAI's API",
      names === "" ? "there is none: configure one" : `name one of ${names}`,
    );
  }
  return {
    ...(provider === undefined ? {} : { provider }),
    ...(idSecret === undefined ? {} : { idSecret }),
    aheadBytesMax,
  };
}

const entryBytesMaxDefault = 1 << 20;

function cacheFrom(cache: FileConfig["cache"], report: Report): CacheSettings {
  const { enabled, models, ttl, shared, max_size, max_entries, max_entry_size } = cache;
  if (max_entry_size !== undefined && max_entry_size > max_size) {
    report(["cache", "max_entry_size"], "is more than `max_size`", "lower it");
  }
  return {
    enabled,
    models,
    ttlMs: ttl,
    isShared: shared,
    bytesMax: max_size,
    entriesMax: max_entries,
    entryBytesMax: max_entry_size ?? Math.min(entryBytesMaxDefault, max_size),
  };
}

/** Drops what is undefined. */
function withoutUndefined<T extends object>(
  fields: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function onnxFrom(
  { path, workers, queue_max: queueMax, watch: watchMs }: FileConfig["models"],
  { folder, isReadable, cpus }: CompileContext,
  report: Report,
): OnnxSettings {
  const repositoryPath = path === undefined ? ownModels : resolve(folder, path);
  if (path !== undefined && !isReadable(repositoryPath)) {
    report(["models", "path"], "cannot be read");
  }
  const workersDefault = Math.max(1, Math.min(4, cpus - 1));
  return { repositoryPath, workers: workers ?? workersDefault, queueMax, watchMs };
}

function historyFrom(
  { path, url, retention, cache_ttl }: FileConfig["history"],
  { folder, isReadable }: CompileContext,
  report: Report,
): HistorySettings {
  const times = { retentionMs: retention, cacheTtlMs: cache_ttl };
  if (path !== undefined && url !== undefined) {
    report(["history", "url"], "cannot be combined with `history.path`", "keep one of them");
  }
  if (url !== undefined) return { url, ...times };
  if (path === undefined) return times;
  const file = resolve(folder, path);
  if (!isReadable(dirname(file))) report(["history", "path"], "is in a folder that is not there");
  return { path: file, ...times };
}

function corsFrom(
  cors: FileConfig["cors"],
  strict: boolean,
  report: Report,
): CorsSettings | undefined {
  if (cors === undefined || !cors.enabled) return undefined;
  const { origins, methods, headers, credentials } = cors;
  if (strict && credentials && origins.includes("*")) {
    report(
      ["cors", "origins"],
      "may not be `*` with credentials in production",
      "name the origins",
    );
  }
  return { origins, methods, headers, credentials };
}

/** What production may have and development usually means. */
function warnOfOpenness(
  cors: CorsSettings | undefined,
  logging: FileConfig["logging"],
  warn: Report,
): void {
  if (cors?.origins.includes("*") === true) {
    warn(["cors", "origins"], "lets pages of any origin read responses", "name the origins");
  }
  if (logging.level === "debug") {
    warn(["logging", "level"], "is debug in production: many lines a call", "info is the default");
  }
}

function rateLimitFrom(
  limits: FileConfig["rate_limiting"],
  report: Report,
): RateLimitSettings | undefined {
  if (limits === undefined) return undefined;
  const { requests_per_minute: perMinute, requests, window, routes } = limits;
  if (requests !== undefined && perMinute !== undefined) {
    report(
      ["rate_limiting", "requests"],
      "cannot be combined with requests_per_minute",
      "keep one of them",
    );
  }
  if (requests === undefined && window !== undefined) {
    report(["rate_limiting", "window"], "needs `requests`, the number that it counts");
  }
  if (!limits.enabled) return undefined;
  const capacity = limits.burst ?? requests ?? 10;
  const perSecond =
    requests === undefined ? (perMinute ?? 60) / 60 : (requests * 1_000) / (window ?? 60_000);
  return {
    capacity,
    perSecond,
    routes: routes.map(({ match, requests_per_minute, burst = capacity }) => ({
      match,
      capacity: burst,
      perSecond: requests_per_minute / 60,
    })),
    clientsMax: limits.clients_max,
  };
}

/** Freezes plain data, all the way down. */
function deepFreeze<T extends object>(data: T): T {
  for (const value of Object.values(data)) {
    if (typeof value === "object" && value !== null) deepFreeze(value);
  }
  return Object.freeze(data);
}
