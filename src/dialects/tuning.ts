/** Parameters that only tune a response: which of them a request has. Pure. */

import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import type { Label, ProviderOptions } from "#gen/polygate/v1/conversation_pb.js";

/** Whether a request has a parameter, by the name that clients know it by. */
const isSet = {
  top_k: ({ sampling }: ChatRequest) => sampling?.topK !== undefined,
  seed: ({ sampling }: ChatRequest) => sampling?.seed !== undefined,
  presence_penalty: ({ sampling }: ChatRequest) => sampling?.presencePenalty !== undefined,
  frequency_penalty: ({ sampling }: ChatRequest) => sampling?.frequencyPenalty !== undefined,
  logit_bias: ({ sampling }: ChatRequest) => (sampling?.logitBias.length ?? 0) > 0,
  verbosity: ({ providerOptions }: ChatRequest) => Boolean(providerOptions?.verbosity),
  prompt_cache_key: ({ providerOptions }: ChatRequest) => Boolean(providerOptions?.cacheKey),
  user: ({ providerOptions }: ChatRequest) => Boolean(providerOptions?.user),
  service_tier: ({ providerOptions }: ChatRequest) => Boolean(providerOptions?.serviceTier),
  metadata: ({ providerOptions }: ChatRequest) => (providerOptions?.metadata.length ?? 0) > 0,
  /** How a spoken response sounds: who writes text alone has refused what would be one. */
  audio: ({ providerOptions }: ChatRequest) => providerOptions?.speech !== undefined,
  parallel_tool_calls: ({ parallelToolCalls }: ChatRequest) => parallelToolCalls === false,
} as const;

/** A parameter that tunes. */
export type Tuning = keyof typeof isSet;

/** Those of `missing`, which a provider does not have, that a request has: they are dropped and named. */
export function droppedTuning(request: ChatRequest, missing: readonly Tuning[]): string[] {
  return missing.filter((name) => isSet[name](request));
}

/** Labels as an object; undefined for none. */
export function metadataOf(
  options: ProviderOptions | undefined,
): Record<string, string> | undefined {
  const labels = options?.metadata ?? [];
  return labels.length === 0
    ? undefined
    : Object.fromEntries(labels.map(({ name, value }) => [name, value]));
}

/** Labels of a client's object. */
export function labelsFrom(metadata: Readonly<Record<string, string>>): Label[] {
  return Object.entries(metadata).map(([name, value]) => ({
    $typeName: "polygate.v1.Label",
    name,
    value,
  }));
}
