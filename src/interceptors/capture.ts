/** Keeps the requests and responses of calls, for whoever looks at recent calls, where that is switched on. */

import type { Message } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import type { CallRecord, CapturedText } from "#observability/call-record.ts";
import { Captured } from "./captured-text.ts";
import { callRecordKey } from "./context.ts";
import { methodFacts } from "./method-facts.ts";

type Part = "requestBody" | "responseBody";

/** Passes messages on, and keeps what they say when they have ended, or their reader has left. */
async function* captured(
  messages: AsyncIterable<Message>,
  into: Captured,
  keep: (text: CapturedText) => void,
) {
  try {
    for await (const message of messages) {
      into.add(message);
      yield message;
    }
  } finally {
    keep(into.text());
  }
}

/**
 * Captures messages of calls that anybody may make; those of operators may hold keys. At most
 * `bytesMax` of each direction.
 */
export function capture(bytesMax: number): Interceptor {
  return (next) => async (request) => {
    const { method } = request;
    const record: CallRecord = request.contextValues.get(callRecordKey);
    const { isUncounted, requiredScope, isClientStream } = methodFacts(method);
    // Calls that come through no request entry share a record.
    if (isUncounted || requiredScope !== "" || record.requestId === "") return await next(request);
    const keep = (part: Part) => (text: CapturedText) => {
      record[part] = text;
    };
    const asked = new Captured(method.input, {
      isStream: isClientStream,
      bytesMax,
    });
    const answered = new Captured(method.output, {
      isStream: method.methodKind !== "unary" && method.methodKind !== "client_streaming",
      bytesMax,
    });
    if (!request.stream) {
      asked.add(request.message);
      record.requestBody = asked.text();
      const response = await next(request);
      if (!response.stream) {
        answered.add(response.message);
        record.responseBody = answered.text();
      }
      return response;
    }
    const response = await next({
      ...request,
      message: captured(request.message, asked, keep("requestBody")) as never,
    });
    if (!response.stream) return response;
    return {
      ...response,
      message: captured(response.message, answered, keep("responseBody")) as never,
    };
  };
}
