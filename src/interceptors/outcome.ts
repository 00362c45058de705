/** How calls end, in the terms of logs and metrics, reported to all who watch them. */

import type { DescMethod } from "@bufbuild/protobuf";
import { Code, type ConnectError, type ContextValues } from "@connectrpc/connect";
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

/** Whether a failure is a refusal of the caller: of who it is, of what it may do, of how much. */
function isDenial(error: ConnectError): boolean {
  const { code, http, blame } = rowOf(error);
  if (code === Code.Unauthenticated || code === Code.PermissionDenied) return true;
  // What has a status of its own, such as a body that is too large, is no limit of the caller's.
  return code === Code.ResourceExhausted && blame === "caller" && http === undefined;
}

/** How a call of a procedure that failed with `thrown` ended. */
export function failedOutcome(
  { procedure, uncounted, scope }: CallOutcome,
  thrown: unknown,
): CallOutcome {
  const error = faultFrom(thrown);
  const reason = reasonOf(error);
  return {
    procedure,
    code: codeName(error.code),
    level: rowOf(error).log,
    error,
    message: error.rawMessage,
    ...(uncounted === undefined ? {} : { uncounted }),
    ...(scope === undefined ? {} : { scope }),
    ...(isDenial(error) ? { denied: true } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** An observer of calls that tells each watch, in their order, how they began and ended. */
export function outcomes(watches: readonly CallWatch[]) {
  return (method: DescMethod) => {
    const { isUncounted, requiredScope: scope } = methodFacts(method);
    const ok: CallOutcome = {
      procedure: procedureOf(method),
      code: "OK",
      level: "info",
      ...(isUncounted ? { uncounted: true } : {}),
      ...(scope === "" ? {} : { scope }),
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
