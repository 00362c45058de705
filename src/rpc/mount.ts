/** The methods that routes register, each with its interceptors applied. */

import type { DescMethod } from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  type ContextValues,
  createMethodImplSpec,
  createServiceImplSpec,
  type Interceptor,
  type MethodImplSpec,
} from "@connectrpc/connect";
import type { CallEnded, CallObserver } from "./call-observer.ts";
import { type AnyFn, handlerOf } from "./handlers.ts";

/** Registers implementations of services, as connect-es defines it. */
export type Routes = (router: ConnectRouter) => void;

/** A mounted method. */
export interface Mounted {
  readonly spec: MethodImplSpec;
  /** The implementation inside all interceptors. */
  readonly invoke: AnyFn;
  /** Notifies the observer that a call begins. */
  readonly begun: (values: ContextValues) => CallEnded;
}

/** What methods are mounted with. */
export interface Mounting {
  /** The first is the outermost. */
  readonly interceptors: readonly Interceptor[];
  readonly observer: CallObserver;
}

/** The implementations that `routes` registers, by method. Throws TypeError for a method twice. */
export function mount(
  routes: Routes,
  { interceptors, observer }: Mounting,
): Map<DescMethod, Mounted> {
  const mounted = new Map<DescMethod, Mounted>();
  const add = (spec: MethodImplSpec) => {
    const { name, parent } = spec.method;
    if (mounted.has(spec.method))
      throw new TypeError(`${parent.typeName}/${name} is mounted twice`);
    const invoke = interceptors.reduceRight<AnyFn>(
      (next, interceptor) => interceptor(next),
      handlerOf(spec),
    );
    mounted.set(spec.method, { spec, invoke, begun: observer(spec.method) });
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
