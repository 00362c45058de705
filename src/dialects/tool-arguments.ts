/** Tools whose arguments are a JSON object, as most dialects want them, and calls of such tools. Pure. */

import type { ToolDefinition } from "#gen/polygate/v1/chat_pb.js";
import type { ToolCallPart } from "#gen/polygate/v1/conversation_pb.js";

const emptySchema = { type: "object", properties: {} };
/** A tool that takes any text, where tools take objects only. */
const freeFormSchema = {
  type: "object",
  properties: { input: { type: "string" } },
  required: ["input"],
};

/** The JSON Schema of a tool's arguments; of an object without members where the tool names none. */
export function parametersOf({ freeForm, parametersJson }: ToolDefinition): unknown {
  if (freeForm) return freeFormSchema;
  return parametersJson === "" ? emptySchema : JSON.parse(parametersJson);
}

/** The arguments of a call as an object; text that is none is carried as text. */
export function argumentsObject({ arguments: args, freeForm }: ToolCallPart): object {
  if (freeForm) return { input: args };
  if (args.trim() === "") return {};
  try {
    const parsed: unknown = JSON.parse(args);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    // The model may have been cut off in the middle of it.
  }
  return { _raw: args };
}
