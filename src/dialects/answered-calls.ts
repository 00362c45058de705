/** Calls of tools and their results: what vendors refuse a conversation for, each in its own words. Pure. */

import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import { parameterInvalid } from "./json-object.ts";
import { type PlacedPart, placedParts } from "./placed-part.ts";

/**
 * Throws PARAMETER_INVALID for a result that answers no call, and for a call that the conversation
 * goes on without a result of. What goes on from something that a provider keeps is not judged.
 */
export function requireAnswers({ messages, providerOptions: options }: ChatRequest): void {
  if (options?.previousResponseId || options?.conversationId) return;
  const calls = new Calls();
  for (const [index, { role, parts }] of messages.entries()) {
    if (role === "assistant") calls.requireResults();
    for (const placed of placedParts(parts, `messages[${index}]`)) calls.read(placed);
  }
  if (messages.at(-1)?.role !== "assistant") calls.requireResults();
}

/** The calls of a conversation so far. */
class Calls {
  readonly #known = new Set<string>();
  /** Places of those that have no result yet. */
  readonly #open = new Map<string, string>();

  read({ part: { content }, at }: PlacedPart): void {
    if (content.case === "toolCall") {
      this.#known.add(content.value.id);
      this.#open.set(content.value.id, at);
    } else if (content.case === "toolResult") {
      const { callId } = content.value;
      if (!this.#known.has(callId)) throw parameterInvalid(at, `no call has the id ${callId}`);
      this.#open.delete(callId);
    }
  }

  requireResults(): void {
    for (const [id, place] of this.#open) {
      throw parameterInvalid(place, `the call ${id} has no result`);
    }
  }
}
