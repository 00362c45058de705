/** Tokens of a call in their canonical form: totals that include every kind listed next to them. Pure. */

import type { Usage } from "#gen/polygate/v1/conversation_pb.js";

/** What a provider reported, whatever its own way of counting: `uncached` excludes both kinds of cache. */
export interface ReportedTokens {
  readonly uncached: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWriteLong?: number;
  /** Reasoning included. */
  readonly written: number;
  readonly reasoning?: number;
  readonly audioRead?: number;
  readonly audioWritten?: number;
}

/** The canonical form of what was reported. A literal, in full, because every call makes one. */
export function usageOf(tokens: ReportedTokens): Usage {
  const { uncached, cacheRead = 0, cacheWrite = 0, written } = tokens;
  const promptTokens = uncached + cacheRead + cacheWrite;
  return {
    $typeName: "polygate.v1.Usage",
    promptTokens,
    completionTokens: written,
    totalTokens: promptTokens + written,
    cacheReadTokens: cacheRead,
    cacheWriteTokens: cacheWrite,
    cacheWriteLongTokens: tokens.cacheWriteLong ?? 0,
    reasoningTokens: tokens.reasoning ?? 0,
    audioPromptTokens: tokens.audioRead ?? 0,
    audioCompletionTokens: tokens.audioWritten ?? 0,
    estimated: false,
  };
}

/** Tokens read that neither came from the cache nor were written to it. */
export function uncachedTokensOf(usage: Usage): number {
  return Math.max(0, usage.promptTokens - usage.cacheReadTokens - usage.cacheWriteTokens);
}
