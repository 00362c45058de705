/** The status of a response ↔ canonical stops. Pure. */

import { stopOf } from "#chat/parts.ts";
import type { Json } from "#dialects/json-object.ts";
import type { LooseObject } from "#dialects/loose-object.ts";
import { Stop_Kind as Kind, type Stop } from "#gen/polygate/v1/conversation_pb.js";

/** The stop of a response that has ended. */
export function readStop(response: LooseObject, hasCalls: boolean): Stop {
  const reason = response.object("incomplete_details").text("reason");
  const word = reason || response.text("status");
  if (reason === "content_filter") return stopOf(Kind.REFUSAL, word);
  if (reason !== "") return stopOf(Kind.LENGTH, word);
  return stopOf(hasCalls ? Kind.TOOL_CALLS : Kind.END, word);
}

/** Why a response is incomplete; undefined for one that is whole. */
function incompleteReason(stop: Stop | undefined): string | undefined {
  switch (stop?.kind) {
    case Kind.LENGTH:
    case Kind.CONTEXT_WINDOW:
    case Kind.PAUSE:
      return "max_output_tokens";
    case Kind.REFUSAL:
      return "content_filter";
    default:
      return undefined;
  }
}

/** `status` and `incomplete_details` of a response that has ended. */
export function writeStop(
  stop: Stop | undefined,
): Json & { readonly status: "completed" | "incomplete" } {
  const reason = incompleteReason(stop);
  return reason === undefined
    ? { status: "completed", incomplete_details: null }
    : { status: "incomplete", incomplete_details: { reason } };
}
