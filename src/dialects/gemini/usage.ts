/** Usage as Gemini reports it, with thoughts besides the candidates ↔ the canonical one. Pure. */

import { usageOf } from "#chat/usage.ts";
import type { Json } from "#dialects/json-object.ts";
import type { LooseObject } from "#dialects/loose-object.ts";
import type { Usage } from "#gen/polygate/v1/conversation_pb.js";

/** Tokens of sound in a list of tokens by modality. */
function audioIn(reported: LooseObject, name: string): number {
  const details = reported.objects(name);
  return details.find((one) => one.text("modality") === "AUDIO")?.count("tokenCount") ?? 0;
}

/** The canonical usage; undefined when none was reported. */
export function readUsage(reported: LooseObject): Usage | undefined {
  if (!reported.exists) return undefined;
  const cacheRead = reported.count("cachedContentTokenCount");
  const read = reported.count("promptTokenCount") + reported.count("toolUsePromptTokenCount");
  const reasoning = reported.count("thoughtsTokenCount");
  return usageOf({
    uncached: Math.max(0, read - cacheRead),
    cacheRead,
    written: reported.count("candidatesTokenCount") + reasoning,
    reasoning,
    audioRead: audioIn(reported, "promptTokensDetails"),
    audioWritten: audioIn(reported, "candidatesTokensDetails"),
  });
}

/** The usage object of a response. */
export function writeUsage(usage: Usage): Json {
  return {
    promptTokenCount: usage.promptTokens,
    cachedContentTokenCount: usage.cacheReadTokens,
    candidatesTokenCount: usage.completionTokens - usage.reasoningTokens,
    thoughtsTokenCount: usage.reasoningTokens,
    totalTokenCount: usage.totalTokens,
  };
}
