/** Gives unary calls the gateway's own time limit; a shorter deadline of the client stays in force. */

import type { Interceptor } from "@connectrpc/connect";
import { timeLimit } from "#core/clock.ts";

/** Streams have no limit of the gateway's: they may rightly last. 0 means none for unary calls too. */
export function deadline(timeoutMs: number): Interceptor {
  return (next) => async (request) => {
    if (request.stream || timeoutMs === 0) return next(request);
    using limit = timeLimit(timeoutMs, request.signal);
    return await next({ ...request, signal: limit.signal });
  };
}
