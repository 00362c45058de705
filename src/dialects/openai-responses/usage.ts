/** Usage as Responses reports it ↔ the canonical one. Pure. */

import { usageOf } from "#chat/usage.ts";
import type { Json } from "#dialects/json-object.ts";
import type { LooseObject } from "#dialects/loose-object.ts";
import type { Usage } from "#gen/polygate/v1/conversation_pb.js";

/** The canonical usage; undefined when none was reported. */
export function readUsage(reported: LooseObject): Usage | undefined {
  if (!reported.exists) return undefined;
  const input = reported.object("input_tokens_details");
  const cacheRead = input.count("cached_tokens");
  const cacheWrite = input.count("cache_write_tokens");
  return usageOf({
    uncached: Math.max(0, reported.count("input_tokens") - cacheRead - cacheWrite),
    cacheRead,
    cacheWrite,
    written: reported.count("output_tokens"),
    reasoning: reported.object("output_tokens_details").count("reasoning_tokens"),
  });
}

/** The usage object of a response. */
export function writeUsage(usage: Usage): Json {
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: {
      cached_tokens: usage.cacheReadTokens,
      cache_write_tokens: usage.cacheWriteTokens,
    },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.totalTokens,
  };
}
