/** Writes errors in Google's shape. Pure. */

import { Code, type ConnectError } from "@connectrpc/connect";
import type { WrittenError } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { retryHeaders } from "#dialects/retry-headers.ts";
import { infoMetadataOf, reasonOf, retryAfterMsFrom, rowOf } from "#errors/fault.ts";
import { httpStatusFrom } from "#errors/http-status.ts";

/** Names of codes as google.rpc.Code spells them. */
const names: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(Code)
    .filter((entry): entry is [string, Code] => typeof entry[1] === "number")
    .map(([name, code]) => [
      code,
      name === "Canceled" ? "CANCELLED" : name.replace(/(?<!^)([A-Z])/g, "_$1").toUpperCase(),
    ]),
);

/** The body of an error, and its status. */
export function errorBodyOf(error: ConnectError): { readonly status: number; readonly body: Json } {
  const reason = reasonOf(error) ?? "INTERNAL";
  // Content that is denied is a bad request, as it is to Google.
  const [status, code] =
    reason === "HOOK_DENIED" ? [400, Code.InvalidArgument] : [httpStatusFrom(error), error.code];
  const retryAfterMs = retryAfterMsFrom(error);
  const info = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    reason,
    domain: "polygate",
    metadata: infoMetadataOf(error),
  };
  const retry = {
    "@type": "type.googleapis.com/google.rpc.RetryInfo",
    retryDelay: `${(retryAfterMs ?? 0) / 1000}s`,
  };
  const details = retryAfterMs === undefined ? [info] : [info, retry];
  const body = { code: status, message: error.rawMessage, status: names[code], details };
  return { status, body: { error: body } };
}

/** A response that is an error. */
export function writeError(error: ConnectError, requestId: string): WrittenError {
  const { status, body } = errorBodyOf(error);
  const retry = retryHeaders(rowOf(error), retryAfterMsFrom(error), status);
  return { status, headers: [["x-request-id", requestId], ...retry], body };
}
