/** The typed call path: one message in, interceptors, implementation, messages out, for every surface. */

import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type { Interceptor, StreamRequest, StreamResponse } from "@connectrpc/connect";
import { abortable } from "#core/abortable.ts";
import { fault } from "#errors/fault.ts";
import { adopt, CallMessages } from "./call-messages.ts";
import { type CallContext, type CallInit, CallScope, callScopeKey } from "./call-scope.ts";
import { type Mounted, mount, type Routes } from "./mount.ts";

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
