/** Implementations as the end of an interceptor chain: a request in, a response out, for each kind of method. */

import type { DescMessage, Message, MessageInitShape } from "@bufbuild/protobuf";
import type {
  Interceptor,
  MethodImplSpec,
  StreamRequest,
  StreamResponse,
  UnaryRequest,
  UnaryResponse,
} from "@connectrpc/connect";
import { type Creator, creatorOf } from "#protobuf/creator.ts";
import { notOneMessage } from "#protocol/envelope.ts";
import { CallContext } from "./call-context.ts";
import { type CallScope, callScopeKey } from "./call-scope.ts";
import { once } from "./once.ts";

/** A request and the response to it, as interceptors see them. */
export type AnyFn = Parameters<Interceptor>[0];
type AnyRequest = UnaryRequest | StreamRequest;

function scopeOf(request: AnyRequest): CallScope {
  const scope = request.contextValues.get(callScopeKey);
  if (scope === undefined) throw new TypeError("an interceptor replaced the call's values");
  if (scope.failure !== undefined) throw scope.failure.thrown;
  return scope;
}

async function onlyMessage(messages: AsyncIterable<Message>): Promise<Message> {
  const iterator = messages[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) throw notOneMessage("no");
  const second = await iterator.next();
  if (!second.done) throw notOneMessage("more than one");
  return first.value;
}

/** Passes a handler's messages on, each as its message type: handlers may give fields only. */
export class NormalizedMessages implements AsyncIterableIterator<Message> {
  /** As the handler gives them. */
  readonly outputs: AsyncIterator<MessageInitShape<DescMessage>>;
  /** How each ends. */
  readonly normalized: Creator<DescMessage>;

  constructor(
    normalized: Creator<DescMessage>,
    outputs: AsyncIterable<MessageInitShape<DescMessage>>,
  ) {
    this.outputs = outputs[Symbol.asyncIterator]();
    this.normalized = normalized;
  }

  async next(): Promise<IteratorResult<Message>> {
    const result = await this.outputs.next();
    if (result.done) return { value: undefined, done: true };
    return { value: this.normalized(result.value), done: false };
  }

  async return(): Promise<IteratorResult<Message>> {
    await this.outputs.return?.();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function unaryResponse(request: AnyRequest, scope: CallScope, message: Message): UnaryResponse {
  return {
    stream: false,
    service: request.service,
    method: request.method as UnaryRequest["method"],
    header: scope.responseHeader,
    trailer: scope.responseTrailer,
    message,
  };
}

function streamResponse(
  request: AnyRequest,
  scope: CallScope,
  message: AsyncIterable<Message>,
): StreamResponse {
  return {
    stream: true,
    service: request.service,
    method: request.method as StreamRequest["method"],
    header: scope.responseHeader,
    trailer: scope.responseTrailer,
    message,
  };
}

/** The function at the end of a method's chain. Refuses a number of messages that its kind does not take. */
export function handlerOf(spec: MethodImplSpec): AnyFn {
  // Handlers may return fields only: they become the message.
  const normalized = creatorOf(spec.method.output);
  switch (spec.kind) {
    case "unary":
      return (request) => {
        const scope = scopeOf(request);
        // Not an asynchronous function: each promise of its own would cost every call.
        let answer: Promise<unknown>;
        try {
          const context = new CallContext(request, scope);
          answer = Promise.resolve(spec.impl(request.message as Message, context));
        } catch (thrown) {
          return Promise.reject(thrown);
        }
        return answer.then((message) =>
          unaryResponse(request, scope, normalized(message as Message)),
        );
      };
    case "server_streaming":
      return async (request) => {
        const scope = scopeOf(request);
        const input = await onlyMessage(request.message as AsyncIterable<Message>);
        const answers = spec.impl(input, new CallContext(request, scope));
        return streamResponse(request, scope, new NormalizedMessages(normalized, answers));
      };
    case "client_streaming":
      return async (request) => {
        const scope = scopeOf(request);
        const messages = request.message as AsyncIterable<Message>;
        const answer = await spec.impl(messages, new CallContext(request, scope));
        return streamResponse(request, scope, once(normalized(answer)));
      };
    case "bidi_streaming":
      return async (request) => {
        const scope = scopeOf(request);
        const messages = request.message as AsyncIterable<Message>;
        const answers = spec.impl(messages, new CallContext(request, scope));
        return streamResponse(request, scope, new NormalizedMessages(normalized, answers));
      };
  }
}
