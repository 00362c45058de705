/** The gateway's call path as routes of another Connect server: each method calls the one with all policy. */

import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import type { CallPath } from "#rpc/call.ts";

/** Every call of a method, of whichever kind, as messages in and messages out. */
type AnyImplementation = (input: never, context: HandlerContext) => unknown;

/** What comes with a call that another server has read. */
function initOf(context: HandlerContext) {
  const { requestHeader: header, signal, values, url, requestMethod, protocolName } = context;
  const timeoutMs = context.timeoutMs();
  return {
    ...{ header, signal, values, url, httpMethod: requestMethod, protocol: protocolName },
    // Its time is up already: a limit of none would be no limit.
    timeoutMs: timeoutMs === undefined ? undefined : Math.max(1, timeoutMs),
  };
}

function append(from: Headers, to: Headers): void {
  for (const [name, value] of from) to.append(name, value);
}

async function* one(message: Message): AsyncGenerator<Message> {
  yield message;
}

/** Answers a method's calls with those of the gateway. */
function implementationOf(method: DescMethod, calls: () => CallPath): AnyImplementation {
  const { methodKind } = method;
  const open = async (context: HandlerContext) => {
    const init = initOf(context);
    const path = calls();
    await path.admit(method, init);
    return { path, init };
  };
  if (methodKind === "unary") {
    return async (input: Message, context: HandlerContext) => {
      const { path, init } = await open(context);
      const { message, header, trailer } = await path.unary(method, input, init, (whole) => whole);
      append(header, context.responseHeader);
      append(trailer, context.responseTrailer);
      return message;
    };
  }
  const streamed = async function* (
    input: Message | AsyncIterable<Message>,
    context: HandlerContext,
  ): AsyncGenerator<Message> {
    const { path, init } = await open(context);
    const messages = Symbol.asyncIterator in input ? input : one(input);
    const response = path.stream(method, messages, init, (message) => message);
    yield* response.messages;
    append(response.trailer, context.responseTrailer);
    response.finish();
  };
  if (methodKind !== "client_streaming") return streamed;
  return async (input: AsyncIterable<Message>, context: HandlerContext) => {
    let last: Message | undefined;
    for await (const message of streamed(input, context)) last = message;
    return last;
  };
}

/** Mounts all services of a call path. */
export function mountCalls(router: ConnectRouter, calls: () => CallPath): void {
  for (const method of calls().methods) {
    router.rpc(method as never, implementationOf(method, calls) as never);
  }
}
