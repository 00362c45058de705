/** Reads errors of Gemini. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import type { ErrorResponse } from "#dialects/dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { retryAfterMsOf, upstreamFault } from "#dialects/upstream-error.ts";

/** The wait that a RetryInfo asks for, such as 34.4s. */
function retryDelayMsOf(error: LooseObject): number | undefined {
  const info = error
    .objects("details")
    .find((detail) => detail.text("@type").endsWith("RetryInfo"));
  const match = /^(\d+(?:\.\d+)?)s$/.exec(info?.text("retryDelay") ?? "");
  return match === null ? undefined : Math.round(Number(match[1]) * 1000);
}

function faultOf(body: unknown, status: number | undefined, retryAfterMs?: number): ConnectError {
  // The compatible API wraps errors in a list.
  const error = new LooseObject(Array.isArray(body) ? body[0] : body).object("error");
  const isKey = error
    .objects("details")
    .some((detail) => detail.text("reason") === "API_KEY_INVALID");
  const told = status ?? error.number("code") ?? 500;
  return upstreamFault({
    // A bad key is a bad request there.
    status: isKey ? 401 : told,
    message: error.text("message"),
    code: error.text("status"),
    retryAfterMs: retryDelayMsOf(error) ?? retryAfterMs,
  });
}

/** The fault of an error inside a stream. */
export function readErrorBody(body: unknown): ConnectError {
  return faultOf(body, undefined);
}

/** The fault of a response that is an error. */
export function readError(response: ErrorResponse): ConnectError {
  return faultOf(response.body, response.status, retryAfterMsOf(response));
}
