/** What reading a request's body fails with, whatever engine carries it. */

import type { ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import type { BodyRefusal } from "#http/body-refused.ts";

/** BODY_TOO_LARGE, with the limit in bytes. */
export function bodyTooLarge(bytesMax: number): ConnectError {
  return fault("BODY_TOO_LARGE", `the request body exceeds ${bytesMax} bytes`, {
    metadata: { limit_bytes: String(bytesMax) },
  });
}

/** BODY_TIMEOUT or BUFFERS_FULL. */
export function bodyRefused(reason: BodyRefusal): ConnectError {
  return reason === "late"
    ? fault("BODY_TIMEOUT", "the request body did not arrive in time")
    : fault("BUFFERS_FULL", "the gateway has no memory left for this request", {
        metadata: { limit: "buffers" },
      });
}

/** CANCELLED: no one waits for the response any more. */
export function clientGone(cause?: unknown): ConnectError {
  return fault("CANCELLED", "the client closed the request", { cause });
}
