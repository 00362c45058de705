/** Reads errors of Anthropic. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import type { ErrorResponse } from "#dialects/dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { retryAfterMsOf, upstreamFault } from "#dialects/upstream-error.ts";

/** Statuses of errors inside a stream, by their type. */
const statuses: ReadonlyMap<string, number> = new Map([
  ["invalid_request_error", 400],
  ["authentication_error", 401],
  ["billing_error", 402],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["conflict_error", 409],
  ["request_too_large", 413],
  ["rate_limit_error", 429],
  ["api_error", 500],
  ["timeout_error", 504],
  ["overloaded_error", 529],
]);

/** The fault of an error inside a stream. */
export function readErrorBody(body: unknown): ConnectError {
  const error = new LooseObject(body).object("error");
  const code = error.text("type");
  return upstreamFault({ status: statuses.get(code) ?? 500, message: error.text("message"), code });
}

/** The fault of a response that is an error. */
export function readError(response: ErrorResponse): ConnectError {
  const error = new LooseObject(response.body).object("error");
  return upstreamFault({
    status: response.status,
    message: error.text("message"),
    code: error.text("type"),
    retryAfterMs: retryAfterMsOf(response),
  });
}
