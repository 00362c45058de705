/** Reads errors of Ollama: a text, with a status or on a line of a stream. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import type { ErrorResponse } from "#dialects/dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { retryAfterMsOf, upstreamFault } from "#dialects/upstream-error.ts";

/** The fault of a body with an error in it. */
export function errorOf(status: number, body: unknown, retryAfterMs?: number): ConnectError {
  const whole = new LooseObject(body);
  const message = whole.text("error") || whole.object("error").text("message");
  return upstreamFault({
    status,
    message: message || (typeof body === "string" ? body : ""),
    retryAfterMs,
  });
}

/** The fault of a response that is an error. */
export function readError(response: ErrorResponse): ConnectError {
  return errorOf(response.status, response.body, retryAfterMsOf(response));
}
