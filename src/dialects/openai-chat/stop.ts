/** Finish reasons of chat completions ↔ canonical stops. Pure. */

import { stopOf } from "#chat/parts.ts";
import { Stop_Kind as Kind, type Stop } from "#gen/polygate/v1/conversation_pb.js";

const kinds: ReadonlyMap<string, Kind> = new Map([
  ["stop", Kind.END],
  ["length", Kind.LENGTH],
  ["tool_calls", Kind.TOOL_CALLS],
  ["function_call", Kind.TOOL_CALLS],
  ["content_filter", Kind.REFUSAL],
]);

/** Where tools are to be called that is why the response ended, whatever word the server has for it. */
export function readStop(word: string, hasCalls: boolean): Stop {
  const kind = kinds.get(word) ?? Kind.END;
  return stopOf(hasCalls && kind === Kind.END ? Kind.TOOL_CALLS : kind, word);
}
