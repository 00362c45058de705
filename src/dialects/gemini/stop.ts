/** Finish reasons of Gemini ↔ canonical stops. Pure. */

import { stopOf } from "#chat/parts.ts";
import { malformed } from "#dialects/upstream-error.ts";
import { Stop_Kind as Kind, type Stop } from "#gen/polygate/v1/conversation_pb.js";

const refusals = new Set([
  "SAFETY",
  "RECITATION",
  "LANGUAGE",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "IMAGE_SAFETY",
  "IMAGE_PROHIBITED_CONTENT",
  "IMAGE_RECITATION",
]);
/** Calls that the model wrote and that no one can run. */
const brokenCalls = new Set([
  "MALFORMED_FUNCTION_CALL",
  "UNEXPECTED_TOOL_CALL",
  "TOO_MANY_TOOL_CALLS",
  "MISSING_THOUGHT_SIGNATURE",
]);

/** The stop of a finish reason. Throws BACKEND_MALFORMED for a broken call: another try may do better. */
export function readStop(word: string, hasCalls: boolean): Stop {
  if (brokenCalls.has(word)) {
    throw malformed(
      `the model's call of a tool is broken (${word})`,
      "upstream_malformed_tool_call",
    );
  }
  if (refusals.has(word)) return stopOf(Kind.REFUSAL, word, { detail: `blocked: ${word}` });
  if (word === "MAX_TOKENS" || word === "CONTINUATION") return stopOf(Kind.LENGTH, word);
  return stopOf(hasCalls ? Kind.TOOL_CALLS : Kind.END, word);
}

/** The stop of a prompt that was blocked: there is no candidate then. */
export function blockedStop(word: string): Stop {
  return stopOf(Kind.REFUSAL, word, { detail: `the prompt was blocked: ${word}` });
}

const words: Readonly<Record<Kind, string>> = {
  [Kind.UNSPECIFIED]: "STOP",
  [Kind.END]: "STOP",
  [Kind.SEQUENCE]: "STOP",
  [Kind.LENGTH]: "MAX_TOKENS",
  [Kind.CONTEXT_WINDOW]: "MAX_TOKENS",
  [Kind.TOOL_CALLS]: "STOP",
  [Kind.PAUSE]: "MAX_TOKENS",
  [Kind.REFUSAL]: "SAFETY",
};

/** The finish reason of a stop. */
export function writeStop(stop: Stop | undefined): string {
  if (stop !== undefined && refusals.has(stop.raw)) return stop.raw;
  return words[stop?.kind ?? Kind.UNSPECIFIED];
}
