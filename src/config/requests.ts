/** The section `requests`: recent calls, one by one. */

import { z } from "zod";
import { flag, size, wholeNumber } from "#yaml/scalar.ts";

/** The section of the file. */
export const requests = z.strictObject({
  max: wholeNumber(1, 1_000_000)
    .prefault(5_000)
    .describe("Recent calls that are kept in memory for `RequestsService`."),
  max_size: size("4GB").prefault("16MB").describe("Approximate bytes that they may take."),
  capture: flag()
    .prefault(false)
    .describe(
      "Keep the messages of chats and predictions with them, without media and what looks like a credential.",
    ),
  capture_size: size("1MB")
    .prefault("16kB")
    .describe("Most bytes kept of a request, and of a response."),
});
