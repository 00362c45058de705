/** Usage as chat completions report it ↔ the canonical one. Pure. */

import { usageOf } from "#chat/usage.ts";
import type { Json } from "#dialects/json-object.ts";
import type { LooseObject } from "#dialects/loose-object.ts";
import type { Usage } from "#gen/polygate/v1/conversation_pb.js";

/** The canonical usage; undefined when none was reported. */
export function readUsage(reported: LooseObject): Usage | undefined {
  if (!reported.exists) return undefined;
  const prompt = reported.object("prompt_tokens_details");
  const completion = reported.object("completion_tokens_details");
  const read = reported.count("prompt_tokens");
  const cacheRead = prompt.count("cached_tokens");
  const cacheWrite = prompt.count("cache_write_tokens");
  const reasoning = completion.count("reasoning_tokens");
  const written = reported.count("completion_tokens");
  // Some servers count reasoning besides the completion: then only the total adds up.
  const isBeside = reasoning > 0 && reported.count("total_tokens") === read + written + reasoning;
  return usageOf({
    uncached: Math.max(0, read - cacheRead - cacheWrite),
    cacheRead,
    cacheWrite,
    written: isBeside ? written + reasoning : written,
    reasoning,
    audioRead: prompt.count("audio_tokens"),
    audioWritten: completion.count("audio_tokens"),
  });
}

/** The usage object of a response. */
export function writeUsage(usage: Usage): Json {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.totalTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cacheReadTokens,
      cache_write_tokens: usage.cacheWriteTokens,
      audio_tokens: usage.audioPromptTokens,
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: usage.audioCompletionTokens,
    },
  };
}
