/** The items of a response to a client: messages, thoughts and calls with their identifiers. Pure. */

import type { Json } from "#dialects/json-object.ts";
import { sealState } from "#dialects/opaque-state.ts";
import { inputOf } from "#dialects/openai-chat/response-writer.ts";
import { flatNameOf, toolOfFlatName } from "#dialects/tool-names.ts";
import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import type { OpaqueState, ToolCallPart } from "#gen/polygate/v1/conversation_pb.js";

/** How far an item is. */
export type ItemStatus = "in_progress" | "completed" | "incomplete";

/** A state as `encrypted_content`: OpenAI's own bare, others sealed, so that they find their way home. */
function encryptedContentOf(state: OpaqueState | undefined): Json {
  if (state === undefined || state.data === "") return {};
  return { encrypted_content: state.vendor === "openai" ? state.data : sealState(state) };
}

/** Thoughts. */
export function reasoningItem(id: string, text: string, state: OpaqueState | undefined): Json {
  const summary = text === "" ? [] : [{ type: "summary_text", text }];
  return { id, type: "reasoning", summary, ...encryptedContentOf(state) };
}

/** Words of a message. */
export function textContent(text: string, annotations: readonly unknown[] = []): Json {
  return { type: "output_text", text, annotations, logprobs: [] };
}

/** A message. */
export function messageItem(id: string, status: ItemStatus, content: readonly Json[]): Json {
  return { id, type: "message", role: "assistant", status, content };
}

/** How a call goes to the client: with its namespace, and as free text where the tool was offered as such. */
export interface ClientCall {
  readonly isCustom: boolean;
  readonly fields: Json;
  /** The provider was given a function in place of a free-form tool: its arguments wrap the text. */
  readonly isWrapped: boolean;
}

/** What the client knows the tool of a call as. */
export function clientCallOf(call: ToolCallPart, { tools }: ChatRequest): ClientCall {
  const tool = toolOfFlatName(flatNameOf(call), tools);
  const namespace = tool.namespace === "" ? {} : { namespace: tool.namespace };
  return {
    isCustom: call.freeForm || tool.freeForm,
    isWrapped: tool.freeForm && !call.freeForm,
    fields: { call_id: call.id, name: tool.name, ...namespace },
  };
}

/** A call of a tool. */
export function callItem(
  id: string,
  status: ItemStatus,
  { isCustom, isWrapped, fields }: ClientCall,
  args: string,
): Json {
  return isCustom
    ? { id, type: "custom_tool_call", status, ...fields, input: isWrapped ? inputOf(args) : args }
    : { id, type: "function_call", status, ...fields, arguments: args };
}
