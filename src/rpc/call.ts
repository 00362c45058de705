/** The typed call path: one message in, interceptors, implementation, messages out, for every surface. */

import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type { Interceptor, StreamResponse, UnaryResponse } from "@connectrpc/connect";
import { type Clock, systemClock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { ActiveCalls } from "./active-calls.ts";
import { adopt, CallMessages } from "./call-messages.ts";
import type { CallObserver } from "./call-observer.ts";
import { streamRequest, unaryRequest } from "./call-request.ts";
import { type CallInit, CallScope } from "./call-scope.ts";
import { type Mounted, mount, type Routes } from "./mount.ts";
import { TimeLimits } from "./time-limits.ts";

/** Metadata of a response. */
export interface ResponseMetadata {
  /** Metadata that goes before the messages; set by the time the first one is there. */
  readonly header: Headers;
  /** Metadata that follows them; set once the messages have ended. */
  readonly trailer: Headers;
}

/** What a streaming call gives back. */
export interface CallResponse<T> extends ResponseMetadata {
  /** What `encode` made of the messages: exactly one of a client stream. Leaving early cancels the call. */
  readonly messages: AsyncIterable<T>;
  /** The reader leaves with all that it wanted, or with what it failed at: that is how the call ends. */
  finish(thrown?: unknown): void;
}

/**
 * Makes of a message what is sent. It is part of the call: what it throws is how the call ends, for
 * its client, its log line and its metrics alike. What a promise of it comes to is the caller's.
 */
export type Encode<T> = (message: Message) => T;

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
   * logged and counted. Resolves to what its client gets: what they threw, else `thrown`.
   */
  failed(method: DescMethod, init: CallInit, thrown: unknown): Promise<unknown>;
  /**
   * A unary call. Rejects with what interceptors and implementation throw, and as soon as its
   * deadline passes.
   */
  unary<T>(
    method: DescMethod,
    input: Message,
    init: CallInit,
    encode: Encode<T>,
  ): Promise<ResponseMetadata & { message: T }>;
  /**
   * A call of any other kind. Nothing runs until the first message is asked for; errors fly from
   * there, that of a passed deadline at once.
   */
  stream<T>(
    method: DescMethod,
    input: AsyncIterable<Message>,
    init: CallInit,
    encode: Encode<T>,
  ): CallResponse<T>;
  /** What `work`, which a call waits for before it begins, settles to, or the reason of `cutOff`. */
  whileOpen<T>(work: Promise<T>): Promise<T>;
  /** Resolves when no call is active. */
  idle(): Promise<void>;
  /**
   * Ends all calls with `reason`, those included that are still to begin: their handlers' signals
   * abort, and a unary call does not wait for a handler that watches none.
   */
  cutOff(reason: unknown): void;
}

/** Whether a call may have its body read, decided by its metadata; a promise where somebody else has to be asked. */
export type Admits = (method: DescMethod, init: CallInit) => boolean | Promise<boolean>;

/** What holds for all calls of a path, besides its interceptors; each may be absent. */
export interface CallPolicy {
  /** Who may have a call's body read; everybody when absent. */
  readonly admits?: Admits;
  /** Most bytes of the body of a call, where that is less than what its surface takes. */
  readonly bodyBytesMax?: (method: DescMethod, init: CallInit) => number;
  /** Notified of every call, those that are refused included. */
  readonly observer?: CallObserver;
  /** What each failure becomes before observer and caller are given it. */
  readonly translate?: (thrown: unknown) => unknown;
  /**
   * Time limit in milliseconds of unary calls, and of server streams until their first message; 0
   * means none. What a client streams has none, for it may rightly wait. A shorter deadline of the
   * client's stays in force.
   */
  readonly timeoutMs?: number;
  /** What deadlines and limits are measured by; default the system's. */
  readonly clock?: Clock;
}

function isClientStream({ methodKind }: DescMethod): boolean {
  return methodKind === "client_streaming" || methodKind === "bidi_streaming";
}

function wrongKind({ name }: DescMethod, kind: string) {
  return fault("METHOD_UNKNOWN", `${name} is not a ${kind} method`);
}

async function* none(): AsyncGenerator<never> {}

/** What a unary call comes to, or why it is cut when that comes first; its scope ends with it. */
function wholeResponse<T>(
  scope: CallScope,
  {
    begin,
    translate,
    encode,
  }: {
    readonly begin: () => Promise<
      Pick<UnaryResponse | StreamResponse, "header" | "trailer" | "message">
    >;
    readonly translate: (thrown: unknown) => unknown;
    readonly encode: Encode<T>;
  },
): Promise<ResponseMetadata & { message: T }> {
  return new Promise((resolve, reject) => {
    const fail = (thrown: unknown) => {
      const failure = translate(thrown);
      scope.end(failure);
      reject(failure);
    };
    try {
      const work = begin();
      scope.whenCut(fail);
      work.then((response) => {
        // It has failed when it was cut: what its handler comes to is nobody's.
        if (scope.wasCut) return;
        try {
          const { responseHeader: header, responseTrailer: trailer } = scope;
          adopt(response.header, header);
          adopt(response.trailer, trailer);
          const message = encode(response.message as Message);
          scope.end();
          resolve({ message, header, trailer });
        } catch (thrown) {
          fail(thrown);
        }
      }, fail);
    } catch (thrown) {
      fail(thrown);
    }
  });
}

/**
 * The call path of the services that `routes` mounts; `interceptors[0]` is the outermost. Each
 * interceptor is applied once per method, so what it keeps outside of its inner function is shared.
 */
export function createCallPath(
  routes: Routes,
  interceptors: readonly Interceptor[],
  policy: CallPolicy = {},
): CallPath {
  const {
    admits = () => true,
    bodyBytesMax = () => Number.POSITIVE_INFINITY,
    observer = () => () => () => {},
    translate = (thrown: unknown) => thrown,
    timeoutMs: limitMs = 0,
    clock = systemClock,
  } = policy;
  const mounted = mount(routes, { interceptors, observer });
  const activeCalls = new ActiveCalls();
  const limits = limitMs > 0 ? new TimeLimits(limitMs, clock) : undefined;
  const find = (method: DescMethod): Mounted => {
    const found = mounted.get(method);
    if (found === undefined) throw fault("METHOD_UNKNOWN", `${method.name} is not implemented`);
    return found;
  };

  const failed = async (method: DescMethod, init: CallInit, thrown: unknown): Promise<unknown> => {
    const { begun, invoke } = find(method);
    const terms = { timeoutMs: undefined, clock, failure: { thrown } };
    const scope = new CallScope(init, activeCalls, terms);
    scope.begin(begun(init.values));
    let failure: unknown;
    try {
      // There is no message; as a stream the call need not have one.
      await invoke(streamRequest(method, none(), scope));
      failure = translate(thrown);
    } catch (last) {
      failure = translate(last);
    }
    scope.end(failure);
    return failure;
  };
  const refuse = async (method: DescMethod, init: CallInit): Promise<void> => {
    throw await failed(method, init, fault("INTERNAL", "a call that is not admitted came through"));
  };

  return {
    services: [...new Set([...mounted.keys()].map((method) => method.parent))],
    methods: [...mounted.keys()],
    admit(method, init) {
      init.capBody?.(bodyBytesMax(method, init));
      const admitted = admits(method, init);
      if (admitted === true) return undefined;
      if (admitted === false) return refuse(method, init);
      return admitted.then((may) => (may ? undefined : refuse(method, init)));
    },
    failed,
    unary(method, input, init, encode) {
      // Not an asynchronous function, which would cost every call.
      try {
        const { spec, invoke, begun } = find(method);
        if (spec.kind !== "unary") throw wrongKind(method, "unary");
        const terms = { timeoutMs: init.timeoutMs, limits, clock };
        const scope = new CallScope(init, activeCalls, terms);
        scope.begin(begun(init.values));
        const begin = () => invoke(unaryRequest(method, input, scope));
        return wholeResponse(scope, { begin, translate, encode });
      } catch (thrown) {
        return Promise.reject(thrown);
      }
    },
    stream(method, input, init, encode) {
      const { spec, invoke, begun } = find(method);
      if (spec.kind === "unary") throw wrongKind(method, "streaming");
      const scope = new CallScope(init, activeCalls, {
        timeoutMs: init.timeoutMs,
        limits: isClientStream(method) ? undefined : limits,
        isClientStream: isClientStream(method),
        clock,
      });
      const start = {
        invoke() {
          scope.begin(begun(init.values));
          return invoke(streamRequest(method, input, scope)) as Promise<StreamResponse>;
        },
        translate,
        encode,
      };
      const messages = new CallMessages(scope, start);
      return {
        header: scope.responseHeader,
        trailer: scope.responseTrailer,
        messages,
        finish: (thrown) => messages.finish(thrown),
      };
    },
    whileOpen: (work) => activeCalls.within(work),
    idle: () => activeCalls.idle(),
    cutOff: (reason) => activeCalls.cutOff(reason),
  };
}
