/** Reads a chat request: whether it can be answered, and all the text in it. Pure. */

import { fault } from "#errors/fault.ts";
import type { ChatRequest } from "#gen/polyagent/core/v1/core_pb.js";

/** Characters of a prompt that are read, counted as `promptText` joins them. */
export const promptLengthMax = 1_048_576;

/** Throws REQUEST_INVALID for what no core could answer, MODEL_UNKNOWN for any model but `served`. */
export function checkRequest(request: ChatRequest, served: string): void {
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
  const promptLength = promptText(request).length;
  if (promptLength > promptLengthMax) {
    const description = `a prompt has at most ${promptLengthMax} characters, this one ${promptLength}`;
    throw fault("REQUEST_INVALID", `messages: ${description}`, {
      fields: [{ field: "messages", description }],
    });
  }
  if (model !== "" && model !== served) {
    throw fault("MODEL_UNKNOWN", `this core serves ${served} and no other model`);
  }
}

/** Everything that a model would read, as text; images count nothing. */
export function promptText({ context, messages, tools }: ChatRequest): string {
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
