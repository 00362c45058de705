/** Usage as Anthropic reports it, without cached tokens in its input ↔ the canonical one. Pure. */

import { uncachedTokensOf, usageOf } from "#chat/usage.ts";
import type { Json } from "#dialects/json-object.ts";
import type { LooseObject } from "#dialects/loose-object.ts";
import type { Usage } from "#gen/polygate/v1/conversation_pb.js";

/** The canonical usage. What a stream's last report leaves out, its first one has reported. */
export function readUsage(reported: LooseObject, first: LooseObject = reported): Usage {
  const count = (name: string) => (reported.has(name) ? reported.count(name) : first.count(name));
  const split = reported.has("cache_creation") ? reported : first;
  return usageOf({
    uncached: count("input_tokens"),
    cacheRead: count("cache_read_input_tokens"),
    cacheWrite: count("cache_creation_input_tokens"),
    cacheWriteLong: split.object("cache_creation").count("ephemeral_1h_input_tokens"),
    written: count("output_tokens"),
    reasoning: reported.object("output_tokens_details").count("thinking_tokens"),
  });
}

/** The usage object of a message. */
export function writeUsage(usage: Usage | undefined): Json {
  return {
    input_tokens: usage === undefined ? 0 : uncachedTokensOf(usage),
    cache_creation_input_tokens: usage?.cacheWriteTokens ?? 0,
    cache_read_input_tokens: usage?.cacheReadTokens ?? 0,
    output_tokens: usage?.completionTokens ?? 0,
  };
}
