/** What a handler passes on to backends with every call. */

import type { HandlerContext } from "@connectrpc/connect";
import type { BackendCall } from "#backends/backend.ts";
import { callRecordKey } from "#interceptors/context.ts";

/** The call's signal, request id and remaining time. */
export function backendCallOf(context: HandlerContext): BackendCall {
  const timeoutMs = context.timeoutMs();
  const { requestId } = context.values.get(callRecordKey);
  return timeoutMs === undefined
    ? { signal: context.signal, requestId }
    : { signal: context.signal, requestId, timeoutMs };
}
