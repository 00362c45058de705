/** Parameters that each make sense and together do not: refused before any provider is called. Pure. */

import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import { ToolChoice_Mode as Mode } from "#gen/polygate/v1/conversation_pb.js";
import { parameterInvalid } from "./json-object.ts";

const nameLengthMax = 64;

/**
 * Throws PARAMETER_INVALID, at `place`, for a choice of tools that are not there. Tools that a
 * provider has itself, or that have a namespace, are chosen by names of their own.
 */
export function requireChoosable({ toolChoice, tools }: ChatRequest, place: string): void {
  const names = toolChoice?.names ?? [];
  if (toolChoice?.mode !== Mode.ANY && names.length === 0) return;
  if (tools.length === 0) throw parameterInvalid(place, "there are no tools to choose from");
  if (tools.some(({ provider, namespace }) => provider !== undefined || namespace !== "")) return;
  const missing = names.find((name) => !tools.some((tool) => tool.name === name));
  if (missing === undefined) return;
  throw parameterInvalid(place, `there is no tool named "${missing.slice(0, nameLengthMax)}"`);
}
