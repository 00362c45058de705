/** Refuses responses that hold what their client's API has no place for. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import type { Part } from "#gen/polygate/v1/conversation_pb.js";
import { unsupported } from "./upstream-error.ts";

/** Kinds of parts that a model can have made besides words and calls. */
const made: ReadonlySet<Part["content"]["case"]> = new Set([
  "image",
  "audio",
  "video",
  "file",
] as const);

/** Throws where a model has made what its client's API has no place for. */
export function refuseMade(parts: readonly Part[]): void {
  const part = parts.find(isMade);
  if (part !== undefined) throw noPlaceFor(part);
}

/** Whether a model has made more than words and calls. */
export function isMade({ content }: Part): boolean {
  return made.has(content.case);
}

/** The refusal of a response: left out, what the model made would be lost silently. */
export function noPlaceFor({ content }: Part): ConnectError {
  const what = content.case === "image" ? "an image" : `${content.case}`;
  return unsupported("model", `it answered with ${what}, for which this API has no place`);
}
