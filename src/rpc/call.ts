/** The typed call path: one message in, interceptors, implementation, messages out, for every surface. */

import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  type ContextValues,
  createHandlerContext,
  createMethodImplSpec,
  createServiceImplSpec,
  type HandlerContext,
  type Interceptor,
  type MethodImplSpec,
} from "@connectrpc/connect";
import {
  createAsyncIterable,
  invokeUnaryImplementation,
  transformInvokeImplementation,
} from "@connectrpc/connect/protocol";
import { fault } from "#errors/fault.ts";

/** Registers implementations of services, as connect-es defines it. */
export type Routes = (router: ConnectRouter) => void;

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
}

/** What a call gives back. */
export interface Answer {
  /** Metadata that goes ahead of the messages; set by the time the first one is there. */
  readonly header: Headers;
  /** Metadata that follows them; set once the messages have ended. */
  readonly trailer: Headers;
  /** The answer's messages: exactly one unless the method streams them. Leaving early cancels the call. */
  readonly messages: AsyncIterable<Message>;
}

/** Calls the mounted services' methods through the interceptors. */
export interface CallPath {
  readonly services: readonly DescService[];
  /** A unary call. Rejects with what interceptors and implementation throw. */
  unary(method: DescMethod, input: Message, init: CallInit): Promise<Answer & { message: Message }>;
  /** A call of any kind. Nothing runs until the first message is asked for; errors fly from there. */
  stream(method: DescMethod, input: AsyncIterable<Message>, init: CallInit): Answer;
}

function contextOf(method: DescMethod, init: CallInit) {
  // A timer of 0 would let a quick call through after its deadline.
  if (init.timeoutMs === 0) throw fault("DEADLINE_EXCEEDED", "the deadline passed before the call");
  return createHandlerContext({
    service: method.parent,
    method,
    protocolName: init.protocol,
    requestMethod: init.httpMethod,
    url: init.url,
    requestSignal: init.signal,
    requestHeader: init.header,
    responseHeader: {},
    responseTrailer: {},
    contextValues: init.values,
    ...(init.timeoutMs === undefined ? {} : { timeoutMs: init.timeoutMs }),
  });
}

/** The implementations that `routes` registers, by method. Throws TypeError for a method twice. */
function collect(routes: Routes): Map<DescMethod, MethodImplSpec> {
  const specs = new Map<DescMethod, MethodImplSpec>();
  const add = (spec: MethodImplSpec) => {
    const { name, parent } = spec.method;
    if (specs.has(spec.method)) throw new TypeError(`${parent.typeName}/${name} is mounted twice`);
    specs.set(spec.method, spec);
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
  return specs;
}

/** The call path of the services that `routes` mounts; `interceptors[0]` is the outermost. */
export function createCallPath(routes: Routes, interceptors: Interceptor[]): CallPath {
  const specs = collect(routes);
  const specOf = (method: DescMethod): MethodImplSpec => {
    const spec = specs.get(method);
    if (spec === undefined) throw fault("METHOD_UNKNOWN", `${method.name} is not implemented`);
    return spec;
  };

  async function* run(
    spec: MethodImplSpec,
    context: HandlerContext & { abort(reason?: unknown): void },
    input: AsyncIterable<Message>,
  ) {
    try {
      yield* transformInvokeImplementation(spec, context, interceptors)(input);
    } finally {
      context.abort();
    }
  }

  return {
    services: [...new Set([...specs.keys()].map((method) => method.parent))],
    async unary(method, input, init) {
      const spec = specOf(method);
      const context = contextOf(method, init);
      if (spec.kind !== "unary") {
        throw fault("METHOD_UNKNOWN", `${method.name} is not a unary method`);
      }
      try {
        const message = await invokeUnaryImplementation(spec, context, input, interceptors);
        return {
          message,
          messages: createAsyncIterable([message]),
          header: context.responseHeader,
          trailer: context.responseTrailer,
        };
      } finally {
        context.abort();
      }
    },
    stream(method, input, init) {
      const context = contextOf(method, init);
      return {
        header: context.responseHeader,
        trailer: context.responseTrailer,
        messages: run(specOf(method), context, input),
      };
    },
  };
}
