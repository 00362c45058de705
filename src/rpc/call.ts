/** The typed call path: one message in, interceptors, implementation, messages out, for every surface. */

import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  createMethodImplSpec,
  createServiceImplSpec,
  type Interceptor,
  type MethodImplSpec,
  type StreamRequest,
  type StreamResponse,
} from "@connectrpc/connect";
import { abortable } from "#core/abortable.ts";
import { fault } from "#errors/fault.ts";
import { type CallContext, type CallInit, CallScope, callScopeKey } from "./call-scope.ts";
import { type AnyFn, handlerOf } from "./handlers.ts";

/** Registers implementations of services, as connect-es defines it. */
export type Routes = (router: ConnectRouter) => void;

/** Metadata of an answer. */
export interface AnswerMetadata {
  /** Metadata that goes ahead of the messages; set by the time the first one is there. */
  readonly header: Headers;
  /** Metadata that follows them; set once the messages have ended. */
  readonly trailer: Headers;
}

/** What a streaming call gives back. */
export interface Answer extends AnswerMetadata {
  /** The answer's messages: exactly one of a client stream. Leaving early cancels the call. */
  readonly messages: AsyncIterable<Message>;
}

/** Calls the mounted services' methods through the interceptors. */
export interface CallPath {
  readonly services: readonly DescService[];
  readonly methods: readonly DescMethod[];
  /**
   * Refuses by its metadata alone a call that need not have its body read: resolves when it may go
   * on, else rejects as the call itself would, by way of the interceptors. Undefined: it may go on.
   */
  admit(method: DescMethod, init: CallInit): Promise<void> | undefined;
  /**
   * Takes a call that fails before its message is there through the interceptors, so that it is
   * logged and counted. Resolves to what its client is to be told: what they threw, else `thrown`.
   */
  failed(method: DescMethod, init: CallInit, thrown: unknown): Promise<unknown>;
  /**
   * A unary call. Rejects with what interceptors and implementation throw, and as soon as its
   * deadline passes.
   */
  unary(
    method: DescMethod,
    input: Message,
    init: CallInit,
  ): Promise<AnswerMetadata & { message: Message }>;
  /**
   * A call of any other kind. Nothing runs until the first message is asked for; errors fly from
   * there, that of a passed deadline at once.
   */
  stream(method: DescMethod, input: AsyncIterable<Message>, init: CallInit): Answer;
  /** Aborts the signals of all handlers at work. */
  cutOff(reason: unknown): void;
}

/** Whether a call may have its body read: the word of who knows callers by metadata. */
export type Admits = (method: DescMethod, init: CallInit) => boolean;

/** A mounted method. */
interface Mounted {
  readonly spec: MethodImplSpec;
  /** The implementation inside all interceptors. */
  readonly invoke: AnyFn;
}

/** The implementations that `routes` registers, by method. Throws TypeError for a method twice. */
function mount(routes: Routes, interceptors: readonly Interceptor[]): Map<DescMethod, Mounted> {
  const mounted = new Map<DescMethod, Mounted>();
  const add = (spec: MethodImplSpec) => {
    const { name, parent } = spec.method;
    if (mounted.has(spec.method))
      throw new TypeError(`${parent.typeName}/${name} is mounted twice`);
    const invoke = interceptors.reduceRight<AnyFn>(
      (next, interceptor) => interceptor(next),
      handlerOf(spec),
    );
    mounted.set(spec.method, { spec, invoke });
  };
  const router: ConnectRouter = {
    handlers: [],
    service(service, implementation) {
      Object.values(createServiceImplSpec(service, implementation).methods).forEach(add);
      return router;
    },
    rpc(method, impl) {
      add(createMethodImplSpec(method, impl));
      return router;
    },
  };
  routes(router);
  return mounted;
}

/** What an interceptor put in the place of the call's own metadata goes to where the caller looks. */
function adopt(from: Headers, to: Headers): void {
  if (from === to) return;
  for (const name of [...to.keys()]) to.delete(name);
  for (const [name, value] of from) to.append(name, value);
}

function requestOf(method: DescMethod, scope: CallScope) {
  const { init } = scope;
  init.values.set(callScopeKey, scope);
  return {
    service: method.parent,
    requestMethod: init.httpMethod,
    url: init.url,
    signal: scope.signal,
    header: init.header,
    contextValues: init.values,
  };
}

async function* none(): AsyncGenerator<never> {}

/** The messages of one call. The call begins with the first that is asked for. */
class CallMessages implements AsyncIterableIterator<Message> {
  readonly #invoke: () => Promise<StreamResponse>;
  readonly #scope: CallScope;
  #response: StreamResponse | undefined;
  #inner: AsyncIterator<Message> | undefined;
  #ended = false;

  constructor(scope: CallScope, invoke: () => Promise<StreamResponse>) {
    this.#scope = scope;
    this.#invoke = invoke;
  }

  async next(): Promise<IteratorResult<Message>> {
    if (this.#ended) return { value: undefined, done: true };
    try {
      const pulled = this.#inner === undefined ? this.#begin() : this.#inner.next();
      const result = await (this.#scope.hasDeadline
        ? abortable(pulled, this.#scope.signal)
        : pulled);
      if (result.done) this.#end();
      return result;
    } catch (thrown) {
      this.#end();
      // A handler still at work hears of it by its signal, and finds its iterator closed afterwards.
      this.#inner?.return?.()?.catch(() => {});
      throw thrown;
    }
  }

  async return(): Promise<IteratorResult<Message>> {
    if (!this.#ended) {
      this.#end();
      await this.#inner?.return?.();
    }
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #begin(): Promise<IteratorResult<Message>> {
    this.#response = await this.#invoke();
    adopt(this.#response.header, this.#scope.responseHeader);
    this.#inner = (this.#response.message as AsyncIterable<Message>)[Symbol.asyncIterator]();
    return this.#inner.next();
  }

  #end(): void {
    this.#ended = true;
    if (this.#response !== undefined) {
      adopt(this.#response.trailer, this.#scope.responseTrailer);
    }
    this.#scope[Symbol.dispose]();
  }
}

/**
 * The call path of the services that `routes` mounts; `interceptors[0]` is the outermost. Each
 * interceptor is applied once a method, so what it keeps outside of its inner function is shared.
 */
export function createCallPath(
  routes: Routes,
  interceptors: readonly Interceptor[],
  admits: Admits = () => true,
): CallPath {
  const mounted = mount(routes, interceptors);
  const underWay = new Set<CallContext>();
  const find = (method: DescMethod): Mounted => {
    const found = mounted.get(method);
    if (found === undefined) throw fault("METHOD_UNKNOWN", `${method.name} is not implemented`);
    return found;
  };
  const wrongKind = ({ name }: DescMethod, kind: string) =>
    fault("METHOD_UNKNOWN", `${name} is not a ${kind} method`);

  const failed = async (method: DescMethod, init: CallInit, thrown: unknown): Promise<unknown> => {
    const { timeoutMs: _passedOver, ...timeless } = init;
    using scope = new CallScope(timeless, underWay, { thrown });
    // There is no message; as a stream the call need not have one.
    const request = { stream: true, message: none(), method, ...requestOf(method, scope) } as const;
    try {
      await find(method).invoke(request as StreamRequest);
      return thrown;
    } catch (last) {
      return last;
    }
  };
  const refuse = async (method: DescMethod, init: CallInit): Promise<void> => {
    throw await failed(method, init, fault("INTERNAL", "a call that is not admitted came through"));
  };

  return {
    services: [...new Set([...mounted.keys()].map((method) => method.parent))],
    methods: [...mounted.keys()],
    admit: (method, init) => (admits(method, init) ? undefined : refuse(method, init)),
    failed,
    async unary(method, input, init) {
      const { spec, invoke } = find(method);
      if (spec.kind !== "unary") throw wrongKind(method, "unary");
      using scope = new CallScope(init, underWay);
      const work = invoke({
        stream: false,
        message: input,
        method: spec.method,
        ...requestOf(method, scope),
      });
      const response = await (scope.hasDeadline ? abortable(work, scope.signal) : work);
      adopt(response.header, scope.responseHeader);
      adopt(response.trailer, scope.responseTrailer);
      return {
        message: response.message as Message,
        header: scope.responseHeader,
        trailer: scope.responseTrailer,
      };
    },
    stream(method, input, init) {
      const { spec, invoke } = find(method);
      if (spec.kind === "unary") throw wrongKind(method, "streaming");
      const scope = new CallScope(init, underWay);
      const begin = () =>
        invoke({
          stream: true,
          message: input,
          method: spec.method,
          ...requestOf(method, scope),
        }) as Promise<StreamResponse>;
      return {
        header: scope.responseHeader,
        trailer: scope.responseTrailer,
        messages: new CallMessages(scope, begin),
      };
    },
    cutOff(reason) {
      for (const context of underWay) context.end(reason);
    },
  };
}
