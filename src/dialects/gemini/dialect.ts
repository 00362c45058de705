/** Gemini's generateContent, both sides. */

import type { DialectClient, DialectServer } from "#dialects/dialect.ts";
import { readError } from "./error-reader.ts";
import { writeError } from "./error-writer.ts";
import { readRequest } from "./request-reader.ts";
import { writeRequest } from "./request-writer.ts";
import { readResponse } from "./response-reader.ts";
import { writeResponse } from "./response-writer.ts";
import { streamReader } from "./stream-reader.ts";
import { streamWriter } from "./stream-writer.ts";

/** For clients of the gateway. */
export const geminiServer: DialectServer = {
  name: "gemini",
  readRequest,
  writeResponse,
  streamWriter,
  writeError,
};

/** For providers behind the gateway. */
export const geminiClient: DialectClient = {
  name: "gemini",
  writeRequest,
  readResponse,
  streamReader,
  readError,
};
