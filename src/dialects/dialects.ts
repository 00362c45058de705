/** Every dialect by its name. */

import { anthropicClient, anthropicServer } from "./anthropic/dialect.ts";
import type { DialectClient, DialectName, DialectServer } from "./dialect.ts";
import { geminiClient, geminiServer } from "./gemini/dialect.ts";
import { ollamaClient } from "./ollama/dialect.ts";
import { openaiChatClient, openaiChatServer } from "./openai-chat/dialect.ts";

/** Dialects that clients of the gateway speak. */
export const servers = {
  "openai-chat": openaiChatServer,
  anthropic: anthropicServer,
  gemini: geminiServer,
} as unknown as Readonly<Record<DialectName, DialectServer>>;

/** Dialects that providers speak. */
export const clients = {
  "openai-chat": openaiChatClient,
  anthropic: anthropicClient,
  gemini: geminiClient,
  ollama: ollamaClient,
} as unknown as Readonly<Record<DialectName, DialectClient>>;
