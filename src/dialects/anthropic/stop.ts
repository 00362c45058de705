/** Stop reasons of Anthropic ↔ canonical stops. Pure. */

import { stopOf } from "#chat/parts.ts";
import type { Json } from "#dialects/json-object.ts";
import type { LooseObject } from "#dialects/loose-object.ts";
import { Stop_Kind as Kind, type Stop } from "#gen/polygate/v1/conversation_pb.js";

const kinds: ReadonlyMap<string, Kind> = new Map([
  ["end_turn", Kind.END],
  ["max_tokens", Kind.LENGTH],
  ["stop_sequence", Kind.SEQUENCE],
  ["tool_use", Kind.TOOL_CALLS],
  ["pause_turn", Kind.PAUSE],
  ["refusal", Kind.REFUSAL],
  ["model_context_window_exceeded", Kind.CONTEXT_WINDOW],
]);

/** The stop of a message, or of the `delta` that ends one. */
export function readStop(message: LooseObject, hasCalls: boolean): Stop {
  const word = message.text("stop_reason");
  const kind = kinds.get(word) ?? Kind.END;
  return stopOf(hasCalls && kind === Kind.END ? Kind.TOOL_CALLS : kind, word, {
    sequence: message.text("stop_sequence"),
    detail: message.object("stop_details").text("explanation"),
  });
}

const words: Readonly<Record<Kind, string>> = {
  [Kind.UNSPECIFIED]: "end_turn",
  [Kind.END]: "end_turn",
  [Kind.SEQUENCE]: "stop_sequence",
  [Kind.LENGTH]: "max_tokens",
  [Kind.CONTEXT_WINDOW]: "model_context_window_exceeded",
  [Kind.TOOL_CALLS]: "tool_use",
  [Kind.PAUSE]: "pause_turn",
  [Kind.REFUSAL]: "refusal",
};

/** The fields of a message that say why it ended; `refusal` has the model's words when it declined. */
export function writeStop(stop: Stop | undefined, refusal: string): Json {
  const kind = stop?.kind ?? Kind.UNSPECIFIED;
  const explanation = stop?.detail || refusal;
  return {
    stop_reason: words[kind],
    stop_sequence: stop?.sequence ? stop.sequence : null,
    ...(kind === Kind.REFUSAL
      ? { stop_details: { type: "refusal", category: null, explanation } }
      : {}),
  };
}
