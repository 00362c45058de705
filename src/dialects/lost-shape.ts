/** What a response is to be: refuses what a translated one could not bring back. Pure. */

import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import type { ResponseFormat } from "#gen/polygate/v1/conversation_pb.js";
import { isObject } from "./json-object.ts";
import { unsupported } from "./upstream-error.ts";

/** Throws PARAMETER_UNSUPPORTED for probabilities of tokens, which the canonical response does not have. */
export function refuseLogprobs({ sampling }: ChatRequest): void {
  if (sampling?.logprobs === true || (sampling?.topLogprobs ?? 0) > 0) {
    const param = sampling?.logprobs === true ? "logprobs" : "top_logprobs";
    throw unsupported(param, "they are passed on only by a provider of the client's dialect");
  }
}

/** A schema with what its format says of it, for providers whose formats say nothing. */
export function describedSchema({ schemaJson, description }: ResponseFormat): unknown {
  const schema = JSON.parse(schemaJson || "{}");
  return description === "" || !isObject(schema) ? schema : { description, ...schema };
}

/** Throws PARAMETER_UNSUPPORTED for a response that is to be more than text. */
export function refuseOtherThanText({ providerOptions }: ChatRequest): void {
  if (providerOptions?.modalities.some((modality) => modality !== "text") === true) {
    throw unsupported("modalities", "the provider writes text");
  }
}
