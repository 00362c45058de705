/** What a handler is given besides its message, as Connect defines it. */

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type {
  ContextValues,
  HandlerContext,
  StreamRequest,
  UnaryRequest,
} from "@connectrpc/connect";
import { onAbort } from "#core/on-abort.ts";
import type { Cancellable } from "./active-calls.ts";
import { isOriginal } from "./call-request.ts";
import type { CallScope } from "./call-scope.ts";

function noTimeout(): undefined {
  return undefined;
}

/**
 * The context of one handler. Its signal is the call's, or one of its own where an interceptor put
 * another in its place: it aborts at the call's end, too.
 */
export class CallContext implements HandlerContext, Cancellable {
  readonly service: DescService;
  readonly method: DescMethod;
  readonly requestMethod: string;
  readonly url: string;
  readonly protocolName: string;
  readonly requestHeader: Headers;
  readonly responseHeader: Headers;
  readonly responseTrailer: Headers;
  readonly values: ContextValues;
  readonly timeoutMs: () => number | undefined;
  declare readonly signal: AbortSignal;
  activeAt = -1;
  readonly #request: UnaryRequest | StreamRequest;
  readonly #scope: CallScope;
  #controller: AbortController | undefined;
  #unlink: (() => void) | undefined;

  constructor(request: UnaryRequest | StreamRequest, scope: CallScope) {
    this.service = request.service;
    this.method = request.method;
    this.requestMethod = request.requestMethod;
    this.url = request.url;
    this.protocolName = scope.init.protocol;
    this.requestHeader = request.header;
    this.responseHeader = scope.responseHeader;
    this.responseTrailer = scope.responseTrailer;
    this.values = request.contextValues;
    this.timeoutMs = scope.hasDeadline ? () => scope.timeLeftMs() : noTimeout;
    this.#request = request;
    this.#scope = scope;
    Object.defineProperty(this, "signal", CallContext.#lazySignal);
  }

  /** A property of its own, unlike a getter of the class: copies by spread must keep it. */
  static readonly #lazySignal: PropertyDescriptor & ThisType<CallContext> = {
    enumerable: true,
    get() {
      return this.#controller?.signal ?? this.#signal();
    },
  };

  /** What `workSignalOf` gives. */
  get workSignal(): AbortSignal {
    return isOriginal(this.#request) ? this.#scope.workSignal : this.signal;
  }

  stop(reason: unknown): void {
    this.#unlink?.();
    this.#controller?.abort(reason);
  }

  #signal(): AbortSignal {
    const { signal } = this.#request;
    if (signal === this.#scope.signal) return signal;
    const controller = new AbortController();
    this.#controller = controller;
    this.#unlink = onAbort(signal, (reason) => controller.abort(reason));
    this.#scope.watch(this);
    return controller.signal;
  }
}

/**
 * A signal for work that the handler of `context` waits for. Of a unary call's end it hears only when
 * the client leaves, the time is up or the server stops; that of a stream may be left while it runs.
 */
export function workSignalOf(context: HandlerContext): AbortSignal {
  const isWaitedFor = context instanceof CallContext && context.method.methodKind === "unary";
  return isWaitedFor ? context.workSignal : context.signal;
}
