/** Every reason for which a call can fail, and all that is decided about it, a row each. */

import { Code } from "@connectrpc/connect";

/** What is decided about a reason. */
export interface ReasonRow {
  /** Status code on gRPC, gRPC-Web and Connect; the HTTP status follows from it. */
  readonly code: Code;
  /** HTTP status of REST where the code's own is too coarse. */
  readonly http?: number;
  /** Another endpoint may well succeed with the same request. */
  readonly retryable: boolean;
  /** Level of the access line. */
  readonly log: "info" | "warn" | "error";
}

/** One row a reason; names are wire-visible (ErrorInfo.reason, REST error.code). */
export const reasons = {
  REQUEST_INVALID: { code: Code.InvalidArgument, retryable: false, log: "info" },
  PARAMETER_INVALID: { code: Code.InvalidArgument, retryable: false, log: "info" },
  BODY_MALFORMED: { code: Code.InvalidArgument, retryable: false, log: "info" },
  BODY_TOO_LARGE: { code: Code.ResourceExhausted, http: 413, retryable: false, log: "info" },
  BODY_TIMEOUT: { code: Code.DeadlineExceeded, http: 408, retryable: false, log: "info" },
  MEDIA_TYPE_UNSUPPORTED: { code: Code.InvalidArgument, http: 415, retryable: false, log: "info" },
  NOT_ACCEPTABLE: { code: Code.InvalidArgument, http: 406, retryable: false, log: "info" },
  TARGET_TOO_LONG: { code: Code.InvalidArgument, http: 414, retryable: false, log: "info" },
  PARAMETER_UNSUPPORTED: { code: Code.InvalidArgument, retryable: false, log: "info" },
  CONTEXT_WINDOW_EXCEEDED: { code: Code.InvalidArgument, retryable: false, log: "info" },
  CONTENT_POLICY_REFUSED: { code: Code.InvalidArgument, retryable: false, log: "info" },
  RANGE_INVALID: { code: Code.OutOfRange, http: 416, retryable: false, log: "info" },
  IMAGE_INVALID: { code: Code.InvalidArgument, retryable: false, log: "info" },
  TENSOR_INVALID: { code: Code.InvalidArgument, retryable: false, log: "info" },
  ROUTE_UNKNOWN: { code: Code.NotFound, retryable: false, log: "info" },
  METHOD_NOT_ALLOWED: { code: Code.Unimplemented, http: 405, retryable: false, log: "info" },
  METHOD_UNKNOWN: { code: Code.Unimplemented, retryable: false, log: "info" },
  MODEL_UNKNOWN: { code: Code.NotFound, retryable: false, log: "info" },
  OPERATION_UNSUPPORTED: { code: Code.NotFound, retryable: true, log: "info" },
  MODEL_NOT_LOADED: { code: Code.FailedPrecondition, retryable: false, log: "info" },
  MODEL_LOAD_FAILED: { code: Code.FailedPrecondition, retryable: false, log: "warn" },
  CREDENTIAL_MISSING: { code: Code.Unauthenticated, retryable: false, log: "info" },
  CREDENTIAL_INVALID: { code: Code.Unauthenticated, retryable: false, log: "info" },
  ATTEMPTS_LIMITED: { code: Code.ResourceExhausted, retryable: false, log: "info" },
  SCOPE_REQUIRED: { code: Code.PermissionDenied, retryable: false, log: "info" },
  HOOK_DENIED: { code: Code.PermissionDenied, retryable: false, log: "info" },
  HOOK_FAILED: { code: Code.Unavailable, retryable: false, log: "error" },
  ORIGIN_REFUSED: { code: Code.PermissionDenied, retryable: false, log: "info" },
  RATE_LIMITED: { code: Code.ResourceExhausted, retryable: false, log: "info" },
  BUFFERS_FULL: { code: Code.ResourceExhausted, http: 503, retryable: false, log: "warn" },
  OVERLOADED: { code: Code.ResourceExhausted, retryable: true, log: "warn" },
  CANCELLED: { code: Code.Canceled, retryable: false, log: "info" },
  DEADLINE_EXCEEDED: { code: Code.DeadlineExceeded, retryable: false, log: "warn" },
  POOL_EMPTY: { code: Code.Unavailable, retryable: false, log: "error" },
  BACKEND_LOST: { code: Code.Unavailable, retryable: true, log: "warn" },
  BACKEND_TIMEOUT: { code: Code.DeadlineExceeded, retryable: true, log: "warn" },
  BACKEND_FAILED: { code: Code.Internal, retryable: true, log: "warn" },
  BACKEND_REFUSED: { code: Code.FailedPrecondition, retryable: false, log: "info" },
  BACKEND_CONNECT_TIMEOUT: { code: Code.Unavailable, retryable: true, log: "warn" },
  BACKEND_FIRST_TOKEN_TIMEOUT: { code: Code.DeadlineExceeded, retryable: true, log: "warn" },
  BACKEND_IDLE_TIMEOUT: { code: Code.DeadlineExceeded, retryable: true, log: "warn" },
  BACKEND_TOTAL_TIMEOUT: { code: Code.DeadlineExceeded, retryable: true, log: "warn" },
  BACKEND_REJECTED: { code: Code.InvalidArgument, retryable: false, log: "info" },
  BACKEND_CREDENTIAL: { code: Code.Internal, http: 502, retryable: true, log: "error" },
  BACKEND_QUOTA: { code: Code.ResourceExhausted, retryable: true, log: "error" },
  BACKEND_RATE_LIMITED: { code: Code.ResourceExhausted, retryable: true, log: "warn" },
  BACKEND_OVERLOADED: { code: Code.Unavailable, retryable: true, log: "warn" },
  BACKEND_MALFORMED: { code: Code.Internal, http: 502, retryable: true, log: "warn" },
  HISTORY_UNAVAILABLE: { code: Code.Unavailable, retryable: false, log: "error" },
  SHUTTING_DOWN: { code: Code.Unavailable, retryable: true, log: "info" },
  INTERNAL: { code: Code.Internal, retryable: false, log: "error" },
  // Of errors that say no more than a code: handlers and interceptors of others throw them.
  UNKNOWN: { code: Code.Unknown, retryable: false, log: "error" },
  NOT_FOUND: { code: Code.NotFound, retryable: false, log: "info" },
  ALREADY_EXISTS: { code: Code.AlreadyExists, retryable: false, log: "info" },
  PERMISSION_DENIED: { code: Code.PermissionDenied, retryable: false, log: "info" },
  UNAUTHENTICATED: { code: Code.Unauthenticated, retryable: false, log: "info" },
  RESOURCE_EXHAUSTED: { code: Code.ResourceExhausted, retryable: false, log: "info" },
  FAILED_PRECONDITION: { code: Code.FailedPrecondition, retryable: false, log: "info" },
  ABORTED: { code: Code.Aborted, retryable: false, log: "info" },
  OUT_OF_RANGE: { code: Code.OutOfRange, retryable: false, log: "info" },
  UNIMPLEMENTED: { code: Code.Unimplemented, retryable: false, log: "info" },
  UNAVAILABLE: { code: Code.Unavailable, retryable: true, log: "warn" },
  DATA_LOSS: { code: Code.DataLoss, retryable: false, log: "error" },
} as const satisfies Record<string, ReasonRow>;

/** A reason's name. */
export type Reason = keyof typeof reasons;

/** Whether `name` is a reason of ours. */
export function isReason(name: string): name is Reason {
  return Object.hasOwn(reasons, name);
}
