/** What one provider alone understands, where another is asked. Pure. */

import type { ProviderPart } from "#gen/polygate/v1/conversation_pb.js";
import { LooseObject } from "./loose-object.ts";
import { unsupported } from "./upstream-error.ts";

/** Items that stand for others which only their provider keeps. */
const references: ReadonlySet<string> = new Set(["item_reference"]);

/**
 * Whose parts of a client's own turns are what it says. Those of Anthropic and Gemini are steps there,
 * too: results of tools that their providers run stand in the turns of the user.
 */
const sayers: ReadonlySet<string> = new Set(["openai", "openai-chat"]);

/**
 * Leaves out a step that another provider ran, and names it. Throws PARAMETER_UNSUPPORTED for what
 * would be missed: what a client said, and what stands for something else.
 */
export function leaveOut(
  { vendor, json }: ProviderPart,
  place: string,
  role: string,
  dropped: string[],
): void {
  const kind = new LooseObject(JSON.parse(json)).text("type");
  const isSaid = role !== "assistant" && sayers.has(vendor);
  if (isSaid || references.has(kind)) {
    throw unsupported(place, `${kind} is not taken: the provider speaks another dialect`);
  }
  dropped.push(place);
}
