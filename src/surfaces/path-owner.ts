/** Whose a path is that several families of clients claim: the one table of models' paths. Pure. */

import type { Exchange } from "#exchange/exchange.ts";
import { type LlmEndpoint, llmEndpointOf, type PathFacts } from "./llm-paths.ts";
import { type TfEndpoint, tfEndpointOf } from "./tfserving-paths.ts";

/** What a path means, to whom. */
export type OwnedPath =
  | { readonly family: "tfserving"; readonly endpoint: TfEndpoint }
  | { readonly family: "llm"; readonly endpoint: LlmEndpoint };

/**
 * The owner of a path among the surfaces that are served. Verbs, versions, labels and metadata are
 * TensorFlow Serving's; a model's name alone is that of the vendor whose client asks, and TensorFlow
 * Serving's where that vendor is not served.
 */
export function ownerOf(
  path: string,
  facts: PathFacts,
  serves: ReadonlySet<string>,
): OwnedPath | undefined {
  const own = serves.has("tfserving") ? tfEndpointOf(path) : undefined;
  if (own !== undefined && !own.isBare) return { family: "tfserving", endpoint: own };
  const llm = llmEndpointOf(path, facts);
  if (llm !== undefined && serves.has(llm.surface)) return { family: "llm", endpoint: llm };
  return own && { family: "tfserving", endpoint: own };
}

/** A value of the query. */
export function queryOf(target: string, name: string): string | undefined {
  const query = target.indexOf("?");
  if (query < 0) return undefined;
  return new URLSearchParams(target.slice(query + 1)).get(name) ?? undefined;
}

/** Gemini's clients may send their key in the query; it is never logged. */
export function keyOfQuery(target: string): string | undefined {
  return queryOf(target, "key");
}

/** What tells the families of a request's client apart. */
export function pathFactsOf(exchange: Pick<Exchange, "header" | "target">): PathFacts {
  return {
    hasAnthropicVersion: exchange.header("anthropic-version") !== undefined,
    hasGoogleKey:
      exchange.header("x-goog-api-key") !== undefined || keyOfQuery(exchange.target) !== undefined,
  };
}
