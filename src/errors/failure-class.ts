/** The class of a failure: what is at fault, and what may be tried next. */

import { type Reason, reasons } from "./reason.ts";

/** Every class of failures of a backend's call. */
export const failureClasses = [
  "credential",
  "quota",
  "overload",
  "connect",
  "time_out",
  "failure",
  "unsupported",
  "context_window",
  "content_policy",
  "client",
] as const;

/** One of them. */
export type FailureClass = (typeof failureClasses)[number];

const classes: Partial<Record<Reason, FailureClass>> = {
  BACKEND_CREDENTIAL: "credential",
  BACKEND_UNAUTHENTICATED: "credential",
  BACKEND_QUOTA: "quota",
  OVERLOADED: "overload",
  LOAD_SHED: "overload",
  BACKEND_OVERLOADED: "overload",
  BACKEND_RATE_LIMITED: "overload",
  BACKEND_LOST: "connect",
  BACKEND_CONNECT_TIMEOUT: "connect",
  UNAVAILABLE: "connect",
  SHUTTING_DOWN: "connect",
  BACKEND_TIMEOUT: "time_out",
  BACKEND_FIRST_TOKEN_TIMEOUT: "time_out",
  BACKEND_IDLE_TIMEOUT: "time_out",
  BACKEND_TOTAL_TIMEOUT: "time_out",
  DEADLINE_EXCEEDED: "time_out",
  OPERATION_UNSUPPORTED: "unsupported",
  BACKEND_MODEL_MISSING: "unsupported",
  PARAMETER_UNSUPPORTED: "unsupported",
  CONTEXT_WINDOW_EXCEEDED: "context_window",
  CONTENT_POLICY_REFUSED: "content_policy",
};

/** The class of a reason: what the table has no class for is the client's doing or a failure, by blame. */
export function failureClassOf(reason: Reason): FailureClass {
  return classes[reason] ?? (reasons[reason].blame === "caller" ? "client" : "failure");
}

/** Whether the key with which a call was sent is to blame: another key of the same endpoint may do better. */
export function isKeysFault(reason: Reason): boolean {
  return (
    reason === "BACKEND_CREDENTIAL" ||
    reason === "BACKEND_QUOTA" ||
    reason === "BACKEND_RATE_LIMITED"
  );
}

/** What is so after a pause, too. */
const lasting: ReadonlySet<FailureClass> = new Set(["credential", "quota", "unsupported"]);

/**
 * Whether the same endpoint may do better after a pause. One that works at its limit has a queue of its
 * own: calls that came back to it would only be held in memory meanwhile, and make it worse.
 */
export function mayPass(reason: Reason): boolean {
  if (reason === "OVERLOADED") return false;
  return reasons[reason].retryable && !lasting.has(failureClassOf(reason));
}
