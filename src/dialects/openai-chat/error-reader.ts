/** Reads errors of servers that speak OpenAI's APIs. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import type { ErrorResponse } from "#dialects/dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { retryAfterMsOf, upstreamFault } from "#dialects/upstream-error.ts";

/** Statuses of errors inside a stream, by their type or code. */
const statuses: ReadonlyMap<string, number> = new Map([
  ["invalid_request_error", 400],
  ["authentication_error", 401],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["rate_limit_error", 429],
  ["rate_limit_exceeded", 429],
  ["insufficient_quota", 429],
  ["overloaded", 503],
  ["overloaded_error", 529],
]);

/** An error's parts: an object as OpenAI sends it, or a text as others do. */
function partsOf(body: unknown): { readonly error: LooseObject; readonly message: string } {
  const whole = new LooseObject(Array.isArray(body) ? body[0] : body);
  if (!whole.exists) return { error: whole, message: typeof body === "string" ? body : "" };
  const error = whole.has("error") ? whole.object("error") : whole;
  return {
    error: error.exists ? error : whole,
    message: error.text("message") || whole.text("error"),
  };
}

/** The fault of an error inside a stream. */
export function readErrorBody(body: unknown): ConnectError {
  const { error, message } = partsOf(body);
  const code = error.text("code");
  const type = error.text("type");
  const status = statuses.get(code) ?? statuses.get(type) ?? error.number("code") ?? 500;
  return upstreamFault({ status, message, code: code || type, param: error.text("param") });
}

/** The fault of a response that is an error. */
export function readError(response: ErrorResponse): ConnectError {
  const { error, message } = partsOf(response.body);
  return upstreamFault({
    status: response.status,
    message,
    code: error.text("code") || error.text("type"),
    param: error.text("param"),
    retryAfterMs: retryAfterMsOf(response),
  });
}
