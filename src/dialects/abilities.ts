/** What providers can do besides chat, by the dialect that they speak. */

import { anthropicCountClient } from "./anthropic/count-tokens.ts";
import type { CountClient } from "./count-dialect.ts";
import type { DialectName } from "./dialect.ts";
import type { EmbedClient } from "./embed-dialect.ts";
import { geminiCountClient } from "./gemini/count-tokens.ts";
import { geminiEmbedClient } from "./gemini/embed-client.ts";
import { ollamaEmbedClient } from "./ollama/embed-client.ts";
import { openaiEmbedClient } from "./openai-chat/embed-client.ts";
import { responsesCountClient } from "./openai-responses/count-tokens.ts";

/** Makers of vectors. */
export const embedClients: Partial<Record<DialectName, EmbedClient>> = {
  "openai-chat": openaiEmbedClient,
  "openai-responses": openaiEmbedClient,
  gemini: geminiEmbedClient,
  ollama: ollamaEmbedClient,
};

/** Those that count the tokens of a request exactly as a chat would read them. */
export const countClients: Partial<Record<DialectName, CountClient>> = {
  "openai-responses": responsesCountClient,
  anthropic: anthropicCountClient,
  gemini: geminiCountClient,
};
