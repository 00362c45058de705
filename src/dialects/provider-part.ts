/** What one provider alone understands, where another is asked. Pure. */

import type { ProviderPart } from "#gen/polygate/v1/conversation_pb.js";
import { LooseObject } from "./loose-object.ts";
import { unsupported } from "./upstream-error.ts";

/** Kinds of parts that stand for others, which only their provider keeps. */
const references: ReadonlySet<string> = new Set(["item_reference", "audio"]);

/** Whether a part stands for another one. */
export function isReference({ json }: ProviderPart): boolean {
  return references.has(kindOf(json));
}

/** Its vendor's word for what it is; empty for what is no JSON, which clients of the gateway's own API may send. */
function kindOf(json: string): string {
  try {
    return new LooseObject(JSON.parse(json)).text("type");
  } catch {
    return "";
  }
}

/**
 * Whose parts of a client's own turns are what it says. Those of Anthropic and Gemini are steps there,
 * too: results of tools that their providers run stand in the turns of the user.
 */
const sayers: ReadonlySet<string> = new Set(["openai", "openai-chat"]);

/**
 * Leaves out a step that another provider ran, and names it. Throws PARAMETER_UNSUPPORTED for what
 * would be missed: what a client said, and what stands for something else.
 */
export function leaveOut(part: ProviderPart, place: string, role: string, dropped: string[]): void {
  const isSaid = role !== "assistant" && sayers.has(part.vendor);
  if (isSaid || isReference(part)) {
    const kind = kindOf(part.json) || `a part of ${part.vendor}`;
    throw unsupported(place, `${kind} is not taken: the provider speaks another dialect`);
  }
  dropped.push(place);
}
