/** OpenAI Responses, both sides. */

import type { DialectClient, DialectServer } from "#dialects/dialect.ts";
import { readError } from "#dialects/openai-chat/error-reader.ts";
import { writeError } from "#dialects/openai-chat/error-writer.ts";
import { readRequest } from "./request-reader.ts";
import { writeRequest } from "./request-writer.ts";
import { readResponse } from "./response-reader.ts";
import { writeResponse } from "./response-writer.ts";
import { streamReader } from "./stream-reader.ts";
import { streamWriter } from "./stream-writer.ts";

/** For clients of the gateway. */
export const openaiResponsesServer: DialectServer = {
  name: "openai-responses",
  readRequest,
  writeResponse,
  streamWriter,
  writeError,
};

/** For providers behind the gateway. */
export const openaiResponsesClient: DialectClient = {
  name: "openai-responses",
  writeRequest,
  readResponse,
  streamReader,
  readError,
};
