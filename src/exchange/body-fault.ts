/** What reading a request's body fails with, whatever engine carries it. */

import type { ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import type { BodyRefusal } from "#http/body-refused.ts";

/** BODY_TOO_LARGE, naming the limit. */
export function bodyTooLarge(bytesMax: number): ConnectError {
  return fault("BODY_TOO_LARGE", `the request body exceeds ${bytesMax} bytes (max_request_size)`, {
    metadata: { limit_bytes: String(bytesMax) },
  });
}

/** BODY_TIMEOUT or BUFFERS_FULL. */
export function bodyRefused(reason: BodyRefusal): ConnectError {
  return reason === "late"
    ? fault("BODY_TIMEOUT", "the request body did not arrive in time")
    : fault("BUFFERS_FULL", "the gateway has no memory left for this request (buffer_limit)");
}

/** CANCELLED: nobody waits for the answer any more. */
export function clientGone(cause?: unknown): ConnectError {
  return fault("CANCELLED", "the client closed the request", { cause });
}
