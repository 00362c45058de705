/** Every dialect by its name. */

import type { DialectClient, DialectName, DialectServer } from "./dialect.ts";
import { openaiChatClient, openaiChatServer } from "./openai-chat/dialect.ts";

/** Dialects that clients of the gateway speak. */
export const servers = {
  "openai-chat": openaiChatServer,
} as unknown as Readonly<Record<DialectName, DialectServer>>;

/** Dialects that providers speak. */
export const clients = {
  "openai-chat": openaiChatClient,
} as unknown as Readonly<Record<DialectName, DialectClient>>;
