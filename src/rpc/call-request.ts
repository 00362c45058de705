/** A call as its interceptors see it, as Connect defines it. */

import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type { ContextValues, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { type CallScope, callScopeKey } from "./call-scope.ts";

/** What requests of both kinds have in common. */
class CallRequest<Stream extends boolean, Input> {
  readonly stream: Stream;
  readonly message: Input;
  readonly method: DescMethod;
  readonly service: DescService;
  readonly requestMethod: string;
  readonly url: string;
  readonly header: Headers;
  readonly contextValues: ContextValues;
  declare readonly signal: AbortSignal;

  constructor(stream: Stream, message: Input, method: DescMethod, { init }: CallScope) {
    this.stream = stream;
    this.message = message;
    this.method = method;
    this.service = method.parent;
    this.requestMethod = init.httpMethod;
    this.url = init.url;
    this.header = init.header;
    this.contextValues = init.values;
    Object.defineProperty(this, "signal", lazySignal);
  }
}

/** A property of its own, unlike a getter of the class: interceptors pass copies by spread on. */
const lazySignal: PropertyDescriptor & ThisType<CallRequest<boolean, unknown>> = {
  enumerable: true,
  get() {
    return this.contextValues.get(callScopeKey)?.signal;
  },
};

/** Whether it is the request itself: a copy may have a signal of its own. */
export function isOriginal(request: UnaryRequest | StreamRequest): boolean {
  return request instanceof CallRequest;
}

/** The request of a unary call; the scope is among its values from here on. */
export function unaryRequest(method: DescMethod, input: Message, scope: CallScope): UnaryRequest {
  scope.init.values.set(callScopeKey, scope);
  return new CallRequest(false, input, method, scope) as unknown as UnaryRequest;
}

/** The request of any other call; the scope is among its values from here on. */
export function streamRequest(
  method: DescMethod,
  input: AsyncIterable<Message>,
  scope: CallScope,
): StreamRequest {
  scope.init.values.set(callScopeKey, scope);
  return new CallRequest(true, input, method, scope) as unknown as StreamRequest;
}
