/** Reads a chat request: whether it can be answered, and all the text in it. Pure. */

import { fault } from "#errors/fault.ts";
import type { ChatRequest } from "#gen/polyagent/core/v1/core_pb.js";

/** Characters of a prompt that are read, counted as `promptText` joins them. */
export const promptLengthMax = 1_048_576;

/** Characters and bytes that a request keeps in memory for as long as its call runs. */
export function sizeOf({ context, messages, tools, sessionId }: ChatRequest): number {
  let size = context.length + sessionId.length;
  for (const { role, content, toolCallId, toolCalls, images } of messages) {
    size += role.length + content.length + toolCallId.length;
    for (const { id, name, argumentsJson, result } of toolCalls) {
      size += id.length + name.length + argumentsJson.length + result.length;
    }
    for (const { data, mediaType } of images) size += data.length + mediaType.length;
  }
  for (const { name, description, parametersJson } of tools) {
    size += name.length + description.length + parametersJson.length;
  }
  return size;
}

/**
 * Everything that a model would read. Throws REQUEST_INVALID for what no core could answer,
 * MODEL_UNKNOWN for any model but `served`.
 */
export function checkedPrompt(request: ChatRequest, served: string): string {
  const { messages, model, maxTokens } = request;
  if (messages.length === 0) {
    throw fault("REQUEST_INVALID", "messages must hold at least one message", {
      fields: [{ field: "messages", description: "at least one message" }],
    });
  }
  if (maxTokens !== undefined && maxTokens < 1) {
    throw fault("REQUEST_INVALID", "max_tokens must be at least 1", {
      fields: [{ field: "max_tokens", description: "at least 1" }],
    });
  }
  const prompt = promptText(request);
  if (prompt.length > promptLengthMax) {
    const description = `a prompt has at most ${promptLengthMax} characters, this one ${prompt.length}`;
    throw fault("REQUEST_INVALID", `messages: ${description}`, {
      fields: [{ field: "messages", description }],
    });
  }
  if (model !== "" && model !== served) {
    throw fault("MODEL_UNKNOWN", `this core serves ${served} and no other model`);
  }
  return prompt;
}

/** All text of a request; images count nothing. */
function promptText({ context, messages, tools }: ChatRequest): string {
  return [
    context,
    ...messages.flatMap(({ content, toolCalls }) => [
      content,
      ...toolCalls.flatMap((call) => [call.name, call.argumentsJson]),
    ]),
    ...tools.flatMap(({ name, description, parametersJson }) => [
      name,
      description,
      parametersJson,
    ]),
  ]
    .filter((text) => text !== "")
    .join("\n");
}
