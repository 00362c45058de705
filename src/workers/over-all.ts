/** Services in a thread whose methods concern all threads: what they are asked is asked of the others as well. */

import {
  create,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { createContextValues, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { onAbort } from "#core/on-abort.ts";
import { fault } from "#errors/fault.ts";
import { requireCaller } from "#interceptors/caller.ts";
import { callRecordKey, principalKey } from "#interceptors/context.ts";
import { Batches } from "./batches.ts";
import type { AskedOfMain, AskedOfThread, ServiceCall, WatchCall } from "./messages.ts";
import { type MethodPlan, planOf } from "./method-plan.ts";
import type { PortCalls } from "./port-calls.ts";

/** A unary method of a service, its types left out. */
type Unary = (request: unknown, context: HandlerContext) => unknown;
type Init = MessageInitShape<DescMethod["output"]>;

/** A method whose responses go on. */
type Watch = (request: unknown, context: HandlerContext) => AsyncIterable<Init>;

/** Asks the main thread. */
type Calls = Pick<PortCalls<AskedOfMain, AskedOfThread>, "ask">;

/** The services of the generation that serves, for this thread and for the others. */
export class OverAll {
  readonly #calls: () => Calls;
  /** By procedure. */
  readonly #own = new Map<string, { readonly method: DescMethod; readonly run: unknown }>();
  #lastWatch = 0;

  /** `calls` is asked for when there are others to ask. */
  constructor(calls: () => Calls) {
    this.#calls = calls;
  }

  /** The service as it is mounted. */
  of<S extends DescService>(service: S, own: ServiceImpl<S>): ServiceImpl<S> {
    const methods: Record<string, unknown> = { ...own };
    for (const method of service.methods) {
      const plan = planOf(method);
      const run = methods[method.localName];
      if (plan === undefined) continue;
      this.#own.set(nameOf(method), { method, run });
      methods[method.localName] =
        plan.kind === "watch"
          ? this.#watchAll(method, run as Watch)
          : this.#spread(method, run as Unary, plan);
    }
    return methods as ServiceImpl<S>;
  }

  /** Does here what another thread was asked for. */
  async served({ request, requestId, principal, ...named }: ServiceCall): Promise<Uint8Array> {
    const { method, run } = this.#found(named);
    const values = createContextValues();
    values.set(callRecordKey, { ...values.get(callRecordKey), requestId, principal });
    const context = { values } as HandlerContext;
    const response = (await (run as Unary)(fromBinary(method.input, request), context)) as Init;
    return toBinary(method.output, create(method.output, response));
  }

  /** What happens here, for a caller of another thread; until the signal aborts. */
  async *watched(call: WatchCall, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const { request, requestId, principal: id, isAuthenticated, clientAddress } = call;
    const { method, run } = this.#found(call);
    const values = createContextValues();
    values.set(callRecordKey, { ...values.get(callRecordKey), requestId, clientAddress });
    values.set(principalKey, { ...values.get(principalKey), id, authenticated: isAuthenticated });
    const context = { values, signal } as HandlerContext;
    for await (const response of (run as Watch)(fromBinary(method.input, request), context)) {
      yield toBinary(method.output, create(method.output, response));
    }
  }

  #found({ service, method }: Pick<ServiceCall, "service" | "method">) {
    const found = this.#own.get(`${service}/${method}`);
    if (found === undefined) throw fault("METHOD_UNKNOWN", "no such method");
    return found;
  }

  #spread(method: DescMethod, run: Unary, plan: Exclude<MethodPlan, { kind: "watch" }>): Unary {
    const ask = (request: unknown, context: HandlerContext) =>
      this.#calls().ask("others", {
        ...callOf(method, request, context),
        ...(plan.kind === "all" &&
          plan.subject !== undefined && {
            subject: plan.subject(create(method.input, request as Init) as never),
          }),
      });
    const read = (bytes: Uint8Array) => fromBinary(method.output, bytes);
    if (plan.kind === "any") {
      return async (request, context) => {
        try {
          return await run(request, context);
        } catch (thrown) {
          const { responses } = await ask(request, context);
          if (responses[0] === undefined) throw thrown;
          return read(responses[0]);
        }
      };
    }
    return async (request, context) => {
      // What is wrong with the request is thrown here, before anybody else is asked.
      const own = create(method.output, (await run(request, context)) as Init);
      const { responses, failures } = await ask(request, context);
      if (failures.length > 0) throw fault("INTERNAL", `not all threads did so: ${failures[0]}`);
      return plan.merge(own as never, responses.map(read) as never[], request as never);
    };
  }

  /** What happens here and in the others, as it comes. */
  #watchAll(method: DescMethod, run: Watch): Watch {
    const watchOthers = (call: WatchCall) => this.#watchOthers(method, call);
    return async function* watchAll(request, context) {
      const { values } = context;
      const ending = new AbortController();
      const signal = AbortSignal.any([context.signal, ending.signal]);
      const own = run(request, { ...context, values, signal })[Symbol.asyncIterator]();
      const all = new Batches<Init>();
      try {
        // What is wrong with the request is thrown here, before anybody else is asked.
        const first = await own.next();
        if (first.done === true) return;
        const { authenticated: isAuthenticated } = values.get(principalKey);
        const { clientAddress } = values.get(callRecordKey);
        const call = { ...callOf(method, request, context), isAuthenticated, clientAddress };
        const others = await watchOthers(call);
        onAbort(signal, others.end);
        void all.addAll({ [Symbol.asyncIterator]: () => own });
        void all.addAll(others.responses);
        // It is on in all threads.
        yield first.value;
        for (let batch = await all.next(); batch !== undefined; batch = await all.next()) {
          requireCaller(values);
          yield* batch;
        }
      } finally {
        all.end();
        ending.abort();
      }
    };
  }

  async #watchOthers(method: DescMethod, call: WatchCall) {
    const calls = this.#calls();
    this.#lastWatch += 1;
    const watch = this.#lastWatch;
    await calls.ask("openWatch", { watch, call });
    async function* responses(): AsyncGenerator<Init, void> {
      for (;;) {
        const batch = await calls.ask("nextWatched", watch);
        if (batch === undefined) return;
        // Empty ones say no more than that the watch is on there.
        for (const bytes of batch) if (bytes.length > 0) yield fromBinary(method.output, bytes);
      }
    }
    const end = () => void calls.ask("endWatch", watch).catch(() => {});
    return { responses: responses(), end };
  }
}

function callOf(method: DescMethod, request: unknown, { values }: HandlerContext): ServiceCall {
  const { requestId, principal = "anonymous" } = values.get(callRecordKey);
  return {
    ...{ service: method.parent.typeName, method: method.name, requestId, principal },
    request: toBinary(method.input, create(method.input, request as Init)),
  };
}

function nameOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}
