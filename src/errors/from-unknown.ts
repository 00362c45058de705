/** Any throwable becomes an error with a reason. Total: nothing gets past it untold. */

import { Code, ConnectError } from "@connectrpc/connect";
import { codeName } from "./code-name.ts";
import { addMetadata, fault, reasonOf } from "./fault.ts";
import { isReason, type Reason } from "./reason.ts";

/** The reason of an error that says no more than its code: it claims nothing else. */
function reasonOfCode(code: Code): Reason {
  if (code === Code.InvalidArgument) return "REQUEST_INVALID";
  const name = codeName(code);
  return isReason(name) ? name : "UNKNOWN";
}

/**
 * Converts what was thrown. An error with a reason stays as it is; one of Connect's without gets the
 * reason of its code, and keeps message, details and metadata; an abort becomes CANCELLED, a time-out
 * DEADLINE_EXCEEDED, an optional package that does not load PACKAGE_MISSING; anything else is a bug of this project: INTERNAL, its text kept for the log.
 */
export function faultFrom(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) {
    if (reasonOf(thrown) !== undefined) return thrown;
    const { code, rawMessage, cause } = thrown;
    const named = fault(reasonOfCode(code), rawMessage, { cause, code });
    named.details.push(...thrown.details);
    addMetadata(named, thrown.metadata);
    return named;
  }
  if (thrown instanceof Error && thrown.name === "TimeoutError") {
    return fault("DEADLINE_EXCEEDED", "the deadline passed", { cause: thrown });
  }
  if (thrown instanceof Error && thrown.name === "AbortError") {
    return fault("CANCELLED", "the call was cancelled", { cause: thrown });
  }
  if (thrown instanceof Error && thrown.name === "MissingPackageError") {
    return fault("PACKAGE_MISSING", thrown.message, { cause: thrown.cause });
  }
  return fault("INTERNAL", "internal error", { cause: thrown });
}
