/** Ollama's native chat, the provider's side. */

import type { DialectClient } from "#dialects/dialect.ts";
import { readError } from "./error-reader.ts";
import { writeRequest } from "./request-writer.ts";
import { readResponse, streamReader } from "./response-reader.ts";

/** For providers behind the gateway. */
export const ollamaClient: DialectClient = {
  name: "ollama",
  writeRequest,
  readResponse,
  streamReader,
  readError,
};
