/** Writes errors in OpenAI's shape, with the headers that its SDKs obey. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import type { WrittenError } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { retryHeaders } from "#dialects/retry-headers.ts";
import { infoMetadataOf, reasonOf, retryAfterMsFrom, rowOf } from "#errors/fault.ts";
import { httpStatusFrom } from "#errors/http-status.ts";
import type { Reason } from "#errors/reason.ts";

/** OpenAI's word for a reason, where it has one of its own. */
const codes: Partial<Record<Reason, string>> = {
  PARAMETER_UNSUPPORTED: "unsupported_parameter",
  CONTEXT_WINDOW_EXCEEDED: "context_length_exceeded",
  CONTENT_POLICY_REFUSED: "content_policy_violation",
  MODEL_UNKNOWN: "model_not_found",
  // As OpenAI says it of a project without access to a model.
  MODEL_NOT_ALLOWED: "model_not_found",
  CREDENTIAL_MISSING: "invalid_api_key",
  CREDENTIAL_INVALID: "invalid_api_key",
  RATE_LIMITED: "rate_limit_exceeded",
  BACKEND_RATE_LIMITED: "rate_limit_exceeded",
  BACKEND_QUOTA: "insufficient_quota",
  BACKEND_OVERLOADED: "overloaded",
  OVERLOADED: "overloaded",
  BACKEND_CREDENTIAL: "upstream_credential",
  HOOK_DENIED: "content_policy_violation",
  ROUTE_UNKNOWN: "unknown_url",
};

/** Statuses that differ from the gateway's own: a provider that failed is a bad gateway, content that is denied a bad request. */
const statuses: Partial<Record<Reason, number>> = { BACKEND_FAILED: 502, HOOK_DENIED: 400 };

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

/** The object under `error`. */
export function errorObjectOf(error: ConnectError): {
  readonly status: number;
  readonly error: Json;
} {
  const reason = reasonOf(error) ?? "INTERNAL";
  const status = statuses[reason] ?? httpStatusFrom(error);
  const metadata = infoMetadataOf(error);
  return {
    status,
    error: {
      message: error.rawMessage,
      type: reason === "BACKEND_QUOTA" ? "insufficient_quota" : typeOf(status),
      param: metadata.param ?? null,
      code: metadata.code ?? codes[reason] ?? null,
    },
  };
}

/** A response that is an error. */
export function writeError(error: ConnectError, requestId: string): WrittenError {
  const { status, error: body } = errorObjectOf(error);
  return {
    status,
    headers: [
      ["x-request-id", requestId],
      ...retryHeaders(rowOf(error), retryAfterMsFrom(error), status),
    ],
    body: { error: body },
  };
}
