/** The environment names that configure the gateway: one row each, and what their values mean. */

import { type Preset, presets } from "#backends/llm/presets.ts";
import { defaultWeights } from "#routing/strategies/scored.ts";
import type { Assignment } from "./draft.ts";
import type { Path, Problem } from "./problem.ts";
import type { coreServices } from "./schema.ts";
import type { Environment } from "./source.ts";

/** One environment name and the setting that it sets. */
export interface EnvironmentRow {
  readonly name: string;
  /** A last step of `+` appends to a list. */
  readonly path: Path;
  /** Turns the text into the value for the schema; undefined sets nothing. Absent: the text itself. */
  readonly value?: (text: string) => unknown;
}

const boolean = (text: string): unknown =>
  ({ "1": true, true: true, yes: true, on: true, "0": false, false: false, no: false, off: false })[
    text.toLowerCase()
  ] ?? text;

const list = (text: string): unknown => {
  const unwrapped = text.trim().replace(/^\[(.*)\]$/s, "$1");
  return unwrapped.split(",").map((item) => item.trim().replace(/^"(.*)"$/, "$1"));
};

const levels: Readonly<Record<string, string>> = {
  warning: "warn",
  critical: "error",
  fatal: "error",
};
const level = (text: string): unknown => levels[text.toLowerCase()] ?? text.toLowerCase();

/** An operator's key that is named after its variable. */
const operatorKey = (name: string): EnvironmentRow => ({
  name,
  path: ["auth", "keys", "+"],
  value: (key) => ({ name, key, scopes: ["admin"] }),
});

/** Values of AI_GATEWAY_API_KEY that switch a provider on instead of being a key. */
const providerWords: ReadonlySet<string | undefined> = new Set(
  Object.values<Preset>(presets).map(({ gatewayWord }) => gatewayWord),
);

/** A variable of earlier gateways: a caller's key, or the name of a provider (which is never taken as a key). */
const gatewayKey: EnvironmentRow = {
  ...operatorKey("AI_GATEWAY_API_KEY"),
  value: (text) =>
    providerWords.has(text) ? undefined : operatorKey("AI_GATEWAY_API_KEY").value?.(text),
};

/** One more core, which may speak gRPC or HTTP. */
const coreAt = (name: string, service: (typeof coreServices)[number]): EnvironmentRow => ({
  name,
  path: ["cores", "+"],
  value: (url) => ({ url, service, protocol: "auto" }),
});

/** Where two rows set one path, the later one wins. */
export const environmentRows: readonly EnvironmentRow[] = [
  { name: "ENVIRONMENT", path: ["environment"], value: (text) => text.toLowerCase() },
  { name: "GATEWAY_HOST", path: ["gateway", "host"] },
  { name: "GATEWAY_PORT", path: ["gateway", "port"] },
  { name: "PORTAL_PORT", path: ["gateway", "portal_port"] },
  { name: "API_PORT", path: ["gateway", "api_port"] },
  { name: "MAX_FILE_SIZE", path: ["gateway", "max_file_size"] },
  { name: "HEALTH_CHECK_TIMEOUT", path: ["gateway", "health_check_timeout"] },
  { name: "HTTP1_ENGINE", path: ["gateway", "http1_engine"], value: (text) => text.toLowerCase() },
  { name: "HTTP2_ENGINE", path: ["gateway", "http2_engine"], value: (text) => text.toLowerCase() },
  { name: "AUTH_SECRET_KEY", path: ["auth", "secret_key"] },
  operatorKey("API_KEY"),
  gatewayKey,
  operatorKey("SECRET_KEY"),
  { name: "RATE_LIMIT_ENABLED", path: ["rate_limiting", "enabled"], value: boolean },
  { name: "RATE_LIMIT_REQUESTS", path: ["rate_limiting", "requests"] },
  { name: "RATE_LIMIT_WINDOW", path: ["rate_limiting", "window"] },
  { name: "CORS_ORIGINS", path: ["cors", "origins"], value: list },
  coreAt("TWIN_URL", "twin"),
  coreAt("AGENT_CONTROLLER_URL", "agent_controller"),
  coreAt("KNOWLEDGE_SYSTEM_URL", "knowledge_system"),
  { name: "LOAD_BALANCER_MAX_RETRIES", path: ["load_balancer", "retry_attempts"] },
  {
    name: "LOAD_BALANCER_TIMEOUT_MS",
    path: ["load_balancer", "timeout"],
    value: (text) => `${text}ms`,
  },
  ...(["cost", "latency", "reliability", "load", "priority"] as const).flatMap((term) =>
    [
      `LOAD_BALANCER_${term.toUpperCase()}_WEIGHT`,
      `LOAD_BALANCER_WEIGHT_${term.toUpperCase()}`,
    ].map((name): EnvironmentRow => ({ name, path: ["load_balancer", "weights", term] })),
  ),
  { name: "DATABASE_URL", path: ["history", "url"] },
  { name: "ENABLE_METRICS", path: ["metrics", "enabled"], value: boolean },
  // Other programs use DEBUG, too, for names of their modules: only yes and no are meant for this one.
  {
    name: "DEBUG",
    path: ["logging", "level"],
    value: (text) => (boolean(text) === true ? "debug" : undefined),
  },
  {
    name: "DEBUG",
    path: ["logging", "routing"],
    value: (text) => (/(^|[\s,])load-balancer(:|[\s,]|$)/.test(text) ? true : undefined),
  },
  { name: "LOG_LEVEL", path: ["logging", "level"], value: level },
];

/** Names of earlier gateways that this version does not use. */
const unusedNames: readonly (string | RegExp)[] = [
  "ENABLE_FILE_UPLOAD",
  "TENSORFLOW_SERVING_URL",
  "ONNX_RUNTIME_URL",
  // Weights of terms are read; those of providers stand in the file.
  /^LOAD_BALANCER_(?!(WEIGHT_)?(COST|LATENCY|RELIABILITY|LOAD|PRIORITY)(_WEIGHT)?$)(WEIGHT_[A-Z0-9_]+|[A-Z0-9_]+_WEIGHT)$/,
];

/** The result of reading the environment. */
export interface EnvironmentReading {
  readonly assignments: readonly Assignment[];
  /** Warnings: variables that are ignored, or whose value was corrected. */
  readonly warnings: readonly Problem[];
}

/** Reads the environment; a variable that is empty counts as not set. */
export function readEnvironment(written: Environment): EnvironmentReading {
  const env = withoutQuotes(written);
  const assignments: Assignment[] = [];
  const warnings: Problem[] = [];
  for (const { name, path, value = (text: string) => text } of environmentRows) {
    const text = env[name];
    if (!text) continue;
    const where = `environment ${name}`;
    if (text !== written[name]) warnings.push({ where, path: "", ...quotesRemoved });
    if (name.endsWith("_PORT") && serviceAddress.test(text)) {
      warnings.push({ where, path: "", ...addressForPort });
    } else {
      const meant = value(text);
      if (meant !== undefined) assignments.push({ path, value: meant, where });
    }
  }
  const unbalanced = unbalancedWeights(env);
  if (unbalanced !== undefined) warnings.push(unbalanced);
  return { assignments, warnings };
}

/**
 * Weights are shares of their sum, whatever that is. A warning says when they look like percentages
 * and do not add up to 100; cost, latency and reliability may add up to 100 by themselves.
 */
function unbalancedWeights(env: Environment): Problem | undefined {
  const weights = new Map(
    Object.entries(defaultWeights).map(([term, usual]) => {
      const name = term.toUpperCase();
      const text = env[`LOAD_BALANCER_WEIGHT_${name}`] || env[`LOAD_BALANCER_${name}_WEIGHT`];
      return [term, { value: Number(text ?? usual), isSet: Boolean(text) }];
    }),
  );
  const sumOf = (terms: readonly string[]) =>
    terms.reduce((sum, term) => sum + (weights.get(term)?.value ?? 0), 0);
  const first = sumOf(["cost", "latency", "reliability"]);
  const all = sumOf([...weights.keys()]);
  const isSet = [...weights.values()].some((weight) => weight.isSet);
  const isWhole = (sum: number) => Math.abs(sum - 100) < 0.01;
  if (!isSet || Number.isNaN(all) || isWhole(first) || isWhole(all)) return undefined;
  return {
    where: "environment LOAD_BALANCER_WEIGHT_*",
    path: "",
    message: `weights of cost, latency and reliability sum up to ${first}, not to 100`,
    hint: "they count as shares of the sum of all weights",
  };
}

const quotesRemoved = {
  message: "its value is in quotes, which were removed",
  hint: "an env file of Docker keeps quotes: write the value without them",
};

/** What Kubernetes sets as `X_PORT` for a Service named x, and Docker for a link. */
const serviceAddress = /^(tcp|udp|sctp):\/\//;
const addressForPort = {
  message: "holds an address, which is no port: ignored",
  hint: "Kubernetes sets it for a Service of that name; `enableServiceLinks: false` keeps it out",
};

/**
 * Removes quotes around a whole value. Shells and Compose remove them, Docker's `--env-file` does not,
 * and a secret with quotes would never match.
 */
export function withoutQuotes(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env).map(([name, text]) => [
      name,
      text?.replace(/^"([^"]*)"$|^'([^']*)'$/s, (_, double, single) => double ?? single),
    ]),
  );
}

/** Known names that are set but have no effect, sorted. */
export function unusedEnvironment(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => env[name])
    .filter((name) =>
      unusedNames.some((known) => (known instanceof RegExp ? known.test(name) : known === name)),
    )
    .toSorted((one, other) => (one < other ? -1 : 1));
}
