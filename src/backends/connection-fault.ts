/** An HTTP call that was not answered, as a fault: what may be tried elsewhere is retryable. */

import { fault } from "#errors/fault.ts";
import { HttpClientError } from "#http-client/failure.ts";

/** What a call over HTTP failed with, where it was the connection; else what was thrown. `who` was called. */
export function connectionFault(thrown: unknown, who: "provider" | "core"): unknown {
  if (!(thrown instanceof HttpClientError)) return thrown;
  const { failure, cause } = thrown;
  switch (failure) {
    case "connect":
    case "reset":
      return fault("BACKEND_LOST", `the ${who} cannot be reached`, { cause });
    case "connect_timeout":
      return fault("BACKEND_CONNECT_TIMEOUT", `the ${who} took too long to connect`, { cause });
    case "head_timeout":
      return fault("BACKEND_FIRST_TOKEN_TIMEOUT", `the ${who} took too long to begin`, { cause });
    case "idle_timeout":
      return fault("BACKEND_IDLE_TIMEOUT", `the ${who} stopped in the middle of its response`, {
        cause,
      });
  }
}
