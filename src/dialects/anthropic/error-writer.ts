/** Writes errors in Anthropic's shape, with the headers that its SDK obeys. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import type { WrittenError } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { retryHeaders } from "#dialects/retry-headers.ts";
import { reasonOf, retryAfterMsFrom, rowOf } from "#errors/fault.ts";
import { httpStatusFrom } from "#errors/http-status.ts";
import type { Reason } from "#errors/reason.ts";

const overloadedStatus = 529;

/** Statuses that differ from the gateway's own. */
const statuses: Partial<Record<Reason, number>> = {
  BACKEND_OVERLOADED: overloadedStatus,
  OVERLOADED: overloadedStatus,
  BACKEND_CREDENTIAL: 502,
  HOOK_DENIED: 400,
};

const types: Readonly<Record<number, string>> = {
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

/** The words: agents compact their history when they read these. */
function messageOf(error: ConnectError): string {
  const isTooLong = reasonOf(error) === "CONTEXT_WINDOW_EXCEEDED";
  return isTooLong && !/prompt is too long/i.test(error.rawMessage)
    ? `prompt is too long: ${error.rawMessage}`
    : error.rawMessage;
}

/** The body of an error, and its status. */
export function errorBodyOf(
  error: ConnectError,
  requestId?: string,
): { readonly status: number; readonly body: Json } {
  const status = statuses[reasonOf(error) ?? "INTERNAL"] ?? httpStatusFrom(error);
  const type = types[status] ?? (status >= 500 ? "api_error" : "invalid_request_error");
  const id = requestId === undefined ? {} : { request_id: requestId };
  return { status, body: { type: "error", error: { type, message: messageOf(error) }, ...id } };
}

/** A response that is an error. */
export function writeError(error: ConnectError, requestId: string): WrittenError {
  const { status, body } = errorBodyOf(error, requestId);
  const retry = retryHeaders(rowOf(error), retryAfterMsFrom(error), status);
  return { status, headers: [["request-id", requestId], ...retry], body };
}
