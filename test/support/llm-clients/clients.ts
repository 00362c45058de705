/** All clients of the matrix. */

import { anthropicClient } from "./anthropic.ts";
import type { LlmClient } from "./client.ts";
import "./conditions.ts";
import { googleClient } from "./google.ts";
import { langchainClients } from "./langchain.ts";
import { openaiClients } from "./openai.ts";
import { socketClient } from "./openai-socket.ts";

const { aiSdkClients } = await import("./ai-sdk.ts");

/** The clients in TypeScript. */
export const clients: readonly LlmClient[] = [
  ...openaiClients,
  socketClient,
  anthropicClient,
  googleClient,
  ...aiSdkClients,
  ...langchainClients,
];
