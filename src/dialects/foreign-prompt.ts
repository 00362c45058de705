/** Texts in prompts that mean something to one vendor only. Pure. */

import { textOf } from "#chat/parts.ts";
import type { Part } from "#gen/polygate/v1/conversation_pb.js";

/** Claude Code begins its system prompt with an attribution for Anthropic's billing. */
const billingHeader = "x-anthropic-billing-header:";

/** Whether a part is an attribution for another vendor than the one that the request goes to. */
export function isForeignPrompt(part: Part, vendor: string): boolean {
  return vendor !== "anthropic" && textOf(part).startsWith(billingHeader);
}
