/** The environment names that configure the gateway: one row each, and what their values mean. */

import { type Preset, presets } from "#backends/llm/presets.ts";
import { defaultWeights } from "#routing/strategies/scored.ts";
import type { Assignment } from "#yaml/draft.ts";
import type { Path, Problem } from "#yaml/problem.ts";
import type { Environment } from "#yaml/source.ts";

/** One environment name and the setting that it sets. */
export interface EnvironmentRow {
  readonly name: string;
  /** A last step of `+` appends to a list. */
  readonly path: Path;
  /** What the text means to the schema; the text itself when absent, nothing when undefined. */
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

/** A key of the operator's own, named after its variable. */
const operatorKey = (name: string): EnvironmentRow => ({
  name,
  path: ["auth", "keys", "+"],
  value: (key) => ({ name, key, scopes: ["admin"] }),
});

/** Words of AI_GATEWAY_API_KEY that switch a provider on and are no key. */
const providerWords: ReadonlySet<string | undefined> = new Set(
  Object.values<Preset>(presets).map(({ gatewayWord }) => gatewayWord),
);

/** An earlier gateway's: a caller's key, or the word of a provider, which would be a guessable key. */
const gatewayKey: EnvironmentRow = {
  ...operatorKey("AI_GATEWAY_API_KEY"),
  value: (text) =>
    providerWords.has(text) ? undefined : operatorKey("AI_GATEWAY_API_KEY").value?.(text),
};

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
  { name: "TWIN_URL", path: ["cores", "+"], value: (url) => ({ url }) },
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
  // Other programs' DEBUG names parts of them: what is neither yes nor no is not for this one.
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

/** Names that earlier gateways knew and this version has no use for. */
const unusedNames: readonly (string | RegExp)[] = [
  "ENABLE_FILE_UPLOAD",
  "AGENT_CONTROLLER_URL",
  "KNOWLEDGE_SYSTEM_URL",
  "TENSORFLOW_SERVING_URL",
  "ONNX_RUNTIME_URL",
  // Weights of terms are read; those of providers stand in the file.
  /^LOAD_BALANCER_(?!(WEIGHT_)?(COST|LATENCY|RELIABILITY|LOAD|PRIORITY)(_WEIGHT)?$)(WEIGHT_[A-Z0-9_]+|[A-Z0-9_]+_WEIGHT)$/,
];

/** What the environment comes to. */
export interface EnvironmentReading {
  readonly assignments: readonly Assignment[];
  /** What is passed over, or was read otherwise than written: the start goes on. */
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
 * Weights are shares of their sum, whatever that is; who writes percentages that do not add up to 100
 * is told so. Those of cost, latency and reliability may do so by themselves.
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

/** What Kubernetes puts into `X_PORT` for a Service named x, and Docker for a link. */
const serviceAddress = /^(tcp|udp|sctp):\/\//;
const addressForPort = {
  message: "holds an address, which is no port: ignored",
  hint: "Kubernetes sets it for a Service of that name; `enableServiceLinks: false` keeps it out",
};

/**
 * Variables whose whole value is in one pair of quotes lose them: Docker's `--env-file` keeps what
 * shells and Compose remove, and a secret would then never match.
 */
export function withoutQuotes(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env).map(([name, text]) => [
      name,
      text?.replace(/^"([^"]*)"$|^'([^']*)'$/s, (_, double, single) => double ?? single),
    ]),
  );
}

/** Names that are set, known and without effect, sorted. */
export function unusedEnvironment(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => env[name])
    .filter((name) =>
      unusedNames.some((known) => (known instanceof RegExp ? known.test(name) : known === name)),
    )
    .toSorted((one, other) => (one < other ? -1 : 1));
}
