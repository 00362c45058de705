/** Any throwable becomes an error with a reason. Total: nothing gets past it untold. */

import { Code, ConnectError } from "@connectrpc/connect";
import { fault, reasonOf } from "./fault.ts";
import type { Reason } from "./reason.ts";

/** Reasons for errors that Connect itself makes while it reads a request. */
const reasonByCode: Readonly<Partial<Record<Code, Reason>>> = {
  [Code.Canceled]: "CANCELLED",
  [Code.InvalidArgument]: "REQUEST_INVALID",
  [Code.DeadlineExceeded]: "DEADLINE_EXCEEDED",
  [Code.NotFound]: "ROUTE_UNKNOWN",
  [Code.ResourceExhausted]: "BODY_TOO_LARGE",
  [Code.Unimplemented]: "METHOD_UNKNOWN",
  [Code.Unavailable]: "BACKEND_LOST",
};

/**
 * Converts what was thrown. An error with a reason stays as it is; Connect's own errors get the
 * reason of their code and keep message and details; an abort becomes CANCELLED, a time-out
 * DEADLINE_EXCEEDED; anything else is a bug of ours: INTERNAL, its text kept for the log.
 */
export function faultFrom(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) {
    if (reasonOf(thrown) !== undefined) return thrown;
    const reason = reasonByCode[thrown.code] ?? "INTERNAL";
    const named = fault(reason, thrown.rawMessage, { cause: thrown.cause, code: thrown.code });
    named.details.push(...thrown.details);
    return named;
  }
  if (thrown instanceof Error && thrown.name === "TimeoutError") {
    return fault("DEADLINE_EXCEEDED", "the deadline passed", { cause: thrown });
  }
  if (thrown instanceof Error && thrown.name === "AbortError") {
    return fault("CANCELLED", "the call was cancelled", { cause: thrown });
  }
  return fault("INTERNAL", "internal error", { cause: thrown });
}
