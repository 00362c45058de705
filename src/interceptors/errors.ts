/** The one place where whatever was thrown becomes the error that the client sees. */

import type { Interceptor } from "@connectrpc/connect";
import { faultFrom } from "#errors/from-unknown.ts";

async function* translated(messages: AsyncIterable<never>): AsyncGenerator<never> {
  try {
    yield* messages;
  } catch (thrown) {
    throw faultFrom(thrown);
  }
}

/** Gives every failure inside a reason, a public text and details. */
export function errors(): Interceptor {
  return (next) => async (request) => {
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: translated(response.message as AsyncIterable<never>) };
    } catch (thrown) {
      throw faultFrom(thrown);
    }
  };
}
