/** Refuses what only a provider that keeps responses can do. Pure. */

import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import { unsupported } from "./upstream-error.ts";

const words = "the provider keeps no responses: send the whole conversation";

/** Throws PARAMETER_UNSUPPORTED for a request that goes on from something kept elsewhere, or asks to keep it. */
export function refuseStoredState({ providerOptions: options }: ChatRequest): void {
  if (options?.previousResponseId) throw unsupported("previous_response_id", words);
  if (options?.conversationId) throw unsupported("conversation", words);
  if (options?.store === true) throw unsupported("store", words);
  if (options?.background === true) throw unsupported("background", words);
}
