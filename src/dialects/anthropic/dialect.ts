/** Anthropic Messages, both sides. */

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
export const anthropicServer: DialectServer = {
  name: "anthropic",
  readRequest,
  writeResponse,
  streamWriter,
  writeError,
};

/** For providers behind the gateway. */
export const anthropicClient: DialectClient = {
  name: "anthropic",
  writeRequest,
  readResponse,
  streamReader,
  readError,
};
