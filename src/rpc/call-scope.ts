/** The time between a call's start and its end: its deadline, its signals, and what its handler is given. */

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  type ContextKey,
  type ContextValues,
  createContextKey,
  type HandlerContext,
  type StreamRequest,
  type UnaryRequest,
} from "@connectrpc/connect";
import { type TimeLimit, timeLimit } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { Metadata } from "#protocol/metadata.ts";

/** What comes with a call beside its message. */
export interface CallInit {
  /** Request metadata. */
  readonly header: Headers;
  /** Milliseconds that the client gives the call; absent when it named no deadline. */
  readonly timeoutMs?: number;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** Typed values that interceptors and implementation share. */
  readonly values: ContextValues;
  /** Request URL, for interceptors that look at it. */
  readonly url: string;
  /** HTTP method of the request. */
  readonly httpMethod: string;
  /** Word for the surface, such as rest. */
  readonly protocol: string;
  /** Where the answer's metadata is put, that of a call that fails included; absent: into new ones. */
  readonly responseHeader?: Headers;
  readonly responseTrailer?: Headers;
}

/** What the signal of a handler says once its call has ended, well or not. */
const callEnded = new DOMException("the call has ended", "AbortError");

/** One call under way. Disposing of it ends the call: its timer stops, its handler's signal aborts. */
export class CallScope implements Disposable {
  readonly init: CallInit;
  readonly responseHeader: Headers;
  readonly responseTrailer: Headers;
  /** Aborts when the client leaves, the deadline passes, or the server shuts down. */
  readonly signal: AbortSignal;
  /** Why the call fails in the place of its handler. */
  readonly failure: { readonly thrown: unknown } | undefined;
  readonly #limit: TimeLimit | undefined;
  readonly #deadlineMs: number;
  readonly #underWay: Set<CallContext>;
  #contexts: CallContext[] | undefined;

  /**
   * `underWay` holds handlers that can be told to stop. Throws DEADLINE_EXCEEDED when the time is
   * up before the call has begun.
   */
  constructor(init: CallInit, underWay: Set<CallContext>, failure?: { readonly thrown: unknown }) {
    const { timeoutMs } = init;
    // A timer of 0 would let a quick call through after its deadline.
    if (timeoutMs === 0) throw fault("DEADLINE_EXCEEDED", "the deadline passed before the call");
    this.init = init;
    this.failure = failure;
    this.#underWay = underWay;
    this.responseHeader = init.responseHeader ?? new Metadata();
    this.responseTrailer = init.responseTrailer ?? new Metadata();
    this.#limit = timeoutMs === undefined ? undefined : timeLimit(timeoutMs, init.signal);
    this.#deadlineMs = timeoutMs === undefined ? 0 : performance.now() + timeoutMs;
    this.signal = this.#limit?.signal ?? init.signal;
  }

  get hasDeadline(): boolean {
    return this.#limit !== undefined;
  }

  /** Milliseconds that are left; undefined without a deadline. */
  timeLeftMs(): number | undefined {
    return this.#limit === undefined ? undefined : this.#deadlineMs - performance.now();
  }

  /** What the handler of `request` is given. Its signal aborts when the call has ended, too. */
  contextOf(request: UnaryRequest | StreamRequest): HandlerContext {
    const context = new CallContext(request, this, this.#underWay);
    this.#contexts ??= [];
    this.#contexts.push(context);
    return context;
  }

  [Symbol.dispose](): void {
    this.#limit?.[Symbol.dispose]();
    if (this.#contexts === undefined) return;
    for (const context of this.#contexts) context.end(callEnded);
  }
}

/** The scope of a call among its values; undefined for a request that came by no call path. */
export const callScopeKey: ContextKey<CallScope | undefined> = createContextKey<
  CallScope | undefined
>(undefined, { description: "call scope" });

/** What a handler is given. A signal is dear to link and to abort, so it is made when looked at. */
export class CallContext implements HandlerContext {
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
  readonly #parent: AbortSignal;
  readonly #underWay: Set<CallContext>;
  #controller: AbortController | undefined;
  #unlink: (() => void) | undefined;

  constructor(request: UnaryRequest | StreamRequest, scope: CallScope, underWay: Set<CallContext>) {
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
    this.#parent = request.signal;
    this.#underWay = underWay;
    Object.defineProperty(this, "signal", CallContext.#lazySignal);
  }

  /** A property of its own, unlike a getter of the class: copies by spread must keep it. */
  static readonly #lazySignal: PropertyDescriptor & ThisType<CallContext> = {
    enumerable: true,
    get() {
      return this.#open().signal;
    },
  };

  /** Aborts the handler's signal, if there is one. */
  end(reason: unknown): void {
    if (this.#controller === undefined) return;
    this.#unlink?.();
    this.#underWay.delete(this);
    this.#controller.abort(reason);
  }

  #open(): AbortController {
    if (this.#controller !== undefined) return this.#controller;
    const controller = new AbortController();
    const parent = this.#parent;
    const follow = () => controller.abort(parent.reason);
    if (parent.aborted) follow();
    else {
      parent.addEventListener("abort", follow, { once: true });
      this.#unlink = () => parent.removeEventListener("abort", follow);
    }
    this.#controller = controller;
    this.#underWay.add(this);
    return controller;
  }
}

function noTimeout(): undefined {
  return undefined;
}
