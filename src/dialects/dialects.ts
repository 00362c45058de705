/** Every dialect by its name. */

import { anthropicClient, anthropicServer } from "./anthropic/dialect.ts";
import type { DialectClient, DialectName, DialectServer, ServerDialect } from "./dialect.ts";
import { geminiClient, geminiServer } from "./gemini/dialect.ts";
import { ollamaClient } from "./ollama/dialect.ts";
import { openaiChatClient, openaiChatServer } from "./openai-chat/dialect.ts";
import { openaiResponsesClient, openaiResponsesServer } from "./openai-responses/dialect.ts";

/** Dialects that clients of the gateway speak. */
export const servers: Readonly<Record<ServerDialect, DialectServer>> = {
  "openai-chat": openaiChatServer,
  "openai-responses": openaiResponsesServer,
  anthropic: anthropicServer,
  gemini: geminiServer,
};

/** Dialects that providers speak. */
export const clients: Readonly<Record<DialectName, DialectClient>> = {
  "openai-chat": openaiChatClient,
  "openai-responses": openaiResponsesClient,
  anthropic: anthropicClient,
  gemini: geminiClient,
  ollama: ollamaClient,
};
