/** What one provider alone understands, where another is asked. Pure. */

import type { ProviderPart } from "#gen/polygate/v1/conversation_pb.js";
import { LooseObject } from "./loose-object.ts";
import { unsupported } from "./upstream-error.ts";

/** Items that stand for others which only their provider keeps. */
const references: ReadonlySet<string> = new Set(["item_reference"]);

/**
 * Leaves out a step that another provider ran, and names it. Throws PARAMETER_UNSUPPORTED for what
 * would be missed: what a client said, and what stands for something else.
 */
export function leaveOut(
  { json }: ProviderPart,
  place: string,
  role: string,
  dropped: string[],
): void {
  const kind = new LooseObject(JSON.parse(json)).text("type");
  if (role !== "assistant" || references.has(kind)) {
    const what = kind === "" ? "a part of its kind" : kind;
    throw unsupported(place, `${what} is not taken: the provider speaks another dialect`);
  }
  dropped.push(place);
}
