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
import { fault } from "#errors/fault.ts";
import { callRecordKey } from "#interceptors/context.ts";
import type { OthersAnswer, ServiceCall } from "./messages.ts";
import { type MethodPlan, planOf } from "./method-plan.ts";

/** A unary method of a service, its types left out. */
type Unary = (request: unknown, context: HandlerContext) => unknown;
type Init = MessageInitShape<DescMethod["output"]>;

/** Asks all other threads for the same. */
export type AskOthers = (call: ServiceCall) => Promise<OthersAnswer>;

/** The services of the generation that serves, for this thread and for the others. */
export class OverAll {
  readonly #askOthers: AskOthers;
  /** By procedure. */
  readonly #own = new Map<string, { readonly method: DescMethod; readonly run: Unary }>();

  constructor(askOthers: AskOthers) {
    this.#askOthers = askOthers;
  }

  /** The service as it is mounted. */
  of<S extends DescService>(service: S, own: ServiceImpl<S>): ServiceImpl<S> {
    const methods: Record<string, unknown> = { ...own };
    for (const method of service.methods) {
      const plan = planOf(method);
      const run = methods[method.localName] as Unary;
      if (plan === undefined) continue;
      this.#own.set(nameOf(method), { method, run });
      methods[method.localName] = this.#spread(method, run, plan);
    }
    return methods as ServiceImpl<S>;
  }

  /** Does here what another thread was asked for. */
  async served({ request, requestId, principal, ...named }: ServiceCall): Promise<Uint8Array> {
    const found = this.#own.get(`${named.service}/${named.method}`);
    if (found === undefined) throw fault("METHOD_UNKNOWN", "no such method");
    const { method, run } = found;
    const values = createContextValues();
    values.set(callRecordKey, { ...values.get(callRecordKey), requestId, principal });
    const context = { values } as HandlerContext;
    const response = (await run(fromBinary(method.input, request), context)) as Init;
    return toBinary(method.output, create(method.output, response));
  }

  #spread(method: DescMethod, run: Unary, plan: MethodPlan): Unary {
    if (plan.kind === "refused") return () => refuse(method);
    const ask = (request: unknown, { values }: HandlerContext) => {
      const { requestId, principal = "anonymous" } = values.get(callRecordKey);
      const message = create(method.input, request as Init);
      return this.#askOthers({
        ...{ service: method.parent.typeName, method: method.name, requestId, principal },
        request: toBinary(method.input, message),
        ...(plan.kind === "all" &&
          plan.subject !== undefined && { subject: plan.subject(message as never) }),
      });
    };
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
}

function nameOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}

/** No thread has more than its part of what this method tells. */
function refuse({ name }: DescMethod): never {
  throw fault(
    "UNIMPLEMENTED",
    `${name} is not served with \`workers\` above 1: no thread knows more than its own part`,
  );
}
