/** How calls end, in the words of logs and metrics, reported to all who watch them. */

import type { DescMethod } from "@bufbuild/protobuf";
import type { ContextValues } from "@connectrpc/connect";
import { codeName } from "#errors/code-name.ts";
import { reasonOf, rowOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { CallOutcome } from "#observability/call-record.ts";
import { methodFacts } from "./method-facts.ts";

/** Called once per method; what it returns when a call of it begins; what that returns when it ends. */
export type CallWatch = (
  method: DescMethod,
) => (values: ContextValues) => (outcome: CallOutcome) => void;

/** Service and method, such as polygate.v1.ChatService/Chat. */
export function procedureOf(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/** How a call of a procedure that failed with `thrown` ended. */
export function failedOutcome({ procedure, uncounted }: CallOutcome, thrown: unknown): CallOutcome {
  const error = faultFrom(thrown);
  const reason = reasonOf(error);
  return {
    procedure,
    code: codeName(error.code),
    level: rowOf(error).log,
    error,
    message: error.rawMessage,
    ...(uncounted === undefined ? {} : { uncounted }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** An observer of calls that tells each watch, in their order, how they began and ended. */
export function outcomes(watches: readonly CallWatch[]) {
  return (method: DescMethod) => {
    const ok: CallOutcome = {
      procedure: procedureOf(method),
      code: "OK",
      level: "info",
      ...(methodFacts(method).isUncounted ? { uncounted: true } : {}),
    };
    const begun = watches.map((watch) => watch(method));
    return (values: ContextValues) => {
      const ended = begun.map((begin) => begin(values));
      return (failure?: unknown) => {
        const outcome = failure === undefined ? ok : failedOutcome(ok, failure);
        for (const end of ended) end(outcome);
      };
    };
  };
}
