/** The gateway's own time limit: of unary calls, and of server streams until their first message. */

import type { Interceptor } from "@connectrpc/connect";
import { type TimeLimit, timeLimit } from "#core/clock.ts";

/** Passes messages on; the first one ends the limit, and so does the end of the stream. */
async function* untilFirst(
  messages: AsyncIterable<never>,
  limit: TimeLimit,
): AsyncGenerator<never> {
  using bound = limit;
  for await (const message of messages) {
    bound.lift();
    yield message;
  }
}

/**
 * A shorter deadline of the client stays in force. What a client streams has no limit of the
 * gateway's, for it may rightly wait. 0 means no limit at all.
 */
export function deadline(timeoutMs: number): Interceptor {
  return (next) => async (request) => {
    const { methodKind } = request.method;
    if (timeoutMs === 0 || methodKind === "client_streaming" || methodKind === "bidi_streaming") {
      return next(request);
    }
    const limit = timeLimit(timeoutMs, request.signal);
    try {
      const response = await next({ ...request, signal: limit.signal });
      if (!response.stream) {
        limit[Symbol.dispose]();
        return response;
      }
      return { ...response, message: untilFirst(response.message as AsyncIterable<never>, limit) };
    } catch (error) {
      limit[Symbol.dispose]();
      throw error;
    }
  };
}
