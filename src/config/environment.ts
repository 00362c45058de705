/** The environment names that configure the gateway: one row each, and what their values mean. */

import { defaultWeights } from "#routing/strategies/scored.ts";
import type { Assignment } from "#yaml/draft.ts";
import type { Problem } from "#yaml/problem.ts";
import type { Environment } from "#yaml/source.ts";
import { auditRows } from "./audit.ts";
import { coresRows } from "./cores.ts";
import { corsRows } from "./cors.ts";
import { authRows } from "./credentials.ts";
import type { EnvironmentRow } from "./environment-row.ts";
import { gatewayRows } from "./gateway.ts";
import { historyRows } from "./history.ts";
import { loadBalancerRows } from "./load-balancer.ts";
import { loggingRows } from "./logging.ts";
import { metricsRows } from "./metrics.ts";
import { modelServersRows } from "./model-servers.ts";
import { rateLimitingRows } from "./rate-limiting.ts";
import { redisRows } from "./redis.ts";
import { reloadRows } from "./reload.ts";
import { tracingRows } from "./tracing.ts";
import { uploadsRows } from "./uploads.ts";
import { workersRows } from "./workers.ts";

/** Where two rows set one path, the later one wins. */
export const environmentRows: readonly EnvironmentRow[] = [
  { name: "ENVIRONMENT", path: ["environment"], value: (text) => text.toLowerCase() },
  ...workersRows,
  ...gatewayRows,
  ...authRows,
  ...rateLimitingRows,
  ...redisRows,
  ...corsRows,
  ...modelServersRows,
  ...coresRows,
  ...loadBalancerRows,
  ...historyRows,
  ...uploadsRows,
  ...metricsRows,
  ...loggingRows,
  ...auditRows,
  ...tracingRows,
  ...reloadRows,
];

/** Names of earlier gateways that this version does not use. */
const unusedNames: readonly (string | RegExp)[] = [
  // Weights of terms are read; those of providers stand in the file.
  /^LOAD_BALANCER_(?!(WEIGHT_)?(COST|LATENCY|RELIABILITY|LOAD|PRIORITY)(_WEIGHT)?$)(WEIGHT_[A-Z0-9_]+|[A-Z0-9_]+_WEIGHT)$/,
];

/** The result of reading the environment. */
export interface EnvironmentReading {
  readonly assignments: readonly Assignment[];
  /** Warnings: variables that are ignored, or whose value was corrected. */
  readonly warnings: readonly Problem[];
}

/** The environment, and the variables that named files by those whose values stood in them. */
interface WrittenEnvironment {
  readonly env: Environment;
  readonly filled?: ReadonlyMap<string, string>;
}

/** Reads the environment; a variable that is empty counts as not set. */
export function readEnvironment({
  env: written,
  filled = new Map(),
}: WrittenEnvironment): EnvironmentReading {
  const env = withoutQuotes(written);
  const assignments: Assignment[] = [];
  const warnings: Problem[] = [];
  for (const { name, path, value = (text: string) => text } of environmentRows) {
    const text = env[name];
    if (!text) continue;
    const where = `environment ${filled.get(name) ?? name}`;
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
