/** Every reason for which a call can fail, and all that is decided about it: one row per reason. */

import { Code } from "@connectrpc/connect";

/** Who can be at fault: the caller, the backend that was called, or the gateway with its settings and credentials. */
export type Blame = "caller" | "upstream" | "gateway";

/** What is decided about a reason. */
export interface ReasonRow {
  /** Status code on gRPC, gRPC-Web and Connect; the HTTP status follows from it. */
  readonly code: Code;
  /** HTTP status of REST where the code's own is too coarse. */
  readonly http?: number;
  /** Another endpoint may well succeed with the same request. */
  readonly retryable: boolean;
  /** Whose fault the failure is: metrics, statistics, ejection and fallbacks read it. */
  readonly blame: Blame;
  /** Level of the access line. */
  readonly log: "info" | "warn" | "error";
}

/** One row per reason; names are wire-visible (ErrorInfo.reason, REST error.code). */
export const reasons = {
  REQUEST_INVALID: { code: Code.InvalidArgument, retryable: false, blame: "caller", log: "info" },
  PARAMETER_INVALID: { code: Code.InvalidArgument, retryable: false, blame: "caller", log: "info" },
  BODY_MALFORMED: { code: Code.InvalidArgument, retryable: false, blame: "caller", log: "info" },
  BODY_TOO_LARGE: {
    code: Code.ResourceExhausted,
    http: 413,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  BODY_TIMEOUT: {
    code: Code.DeadlineExceeded,
    http: 408,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  MEDIA_TYPE_UNSUPPORTED: {
    code: Code.InvalidArgument,
    http: 415,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  NOT_ACCEPTABLE: {
    code: Code.InvalidArgument,
    http: 406,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  TARGET_TOO_LONG: {
    code: Code.InvalidArgument,
    http: 414,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  PARAMETER_UNSUPPORTED: {
    code: Code.InvalidArgument,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  CONTEXT_WINDOW_EXCEEDED: {
    code: Code.InvalidArgument,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  CONTENT_POLICY_REFUSED: {
    code: Code.InvalidArgument,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  RANGE_INVALID: {
    code: Code.OutOfRange,
    http: 416,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  IMAGE_INVALID: { code: Code.InvalidArgument, retryable: false, blame: "caller", log: "info" },
  TENSOR_INVALID: { code: Code.InvalidArgument, retryable: false, blame: "caller", log: "info" },
  ROUTE_UNKNOWN: { code: Code.NotFound, retryable: false, blame: "caller", log: "info" },
  HOST_UNKNOWN: {
    code: Code.InvalidArgument,
    http: 421,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  METHOD_NOT_ALLOWED: {
    code: Code.Unimplemented,
    http: 405,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  METHOD_UNKNOWN: { code: Code.Unimplemented, retryable: false, blame: "caller", log: "info" },
  MODEL_UNKNOWN: { code: Code.NotFound, retryable: false, blame: "caller", log: "info" },
  OPERATION_UNSUPPORTED: { code: Code.NotFound, retryable: true, blame: "caller", log: "info" },
  // One backend of several has no such model; a caller hears of it as one of the rows around this.
  BACKEND_MODEL_MISSING: { code: Code.NotFound, retryable: true, blame: "caller", log: "info" },
  MODEL_NOT_LOADED: {
    code: Code.FailedPrecondition,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  // A heavy package that the installation does without.
  PACKAGE_MISSING: { code: Code.Unimplemented, retryable: false, blame: "gateway", log: "warn" },
  MODEL_LOAD_FAILED: {
    code: Code.FailedPrecondition,
    retryable: false,
    blame: "gateway",
    log: "warn",
  },
  CREDENTIAL_MISSING: {
    code: Code.Unauthenticated,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  CREDENTIAL_INVALID: {
    code: Code.Unauthenticated,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  ATTEMPTS_LIMITED: {
    code: Code.ResourceExhausted,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  IDENTITY_UNAVAILABLE: {
    code: Code.Unavailable,
    retryable: false,
    blame: "gateway",
    log: "error",
  },
  SCOPE_REQUIRED: { code: Code.PermissionDenied, retryable: false, blame: "caller", log: "info" },
  ROUTE_NOT_ALLOWED: {
    code: Code.PermissionDenied,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  MODEL_NOT_ALLOWED: {
    code: Code.PermissionDenied,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  HOOK_DENIED: { code: Code.PermissionDenied, retryable: false, blame: "caller", log: "info" },
  HOOK_FAILED: { code: Code.Unavailable, retryable: false, blame: "gateway", log: "error" },
  ORIGIN_REFUSED: { code: Code.PermissionDenied, retryable: false, blame: "caller", log: "info" },
  RATE_LIMITED: { code: Code.ResourceExhausted, retryable: false, blame: "caller", log: "info" },
  BUFFERS_FULL: {
    code: Code.ResourceExhausted,
    http: 503,
    retryable: false,
    blame: "gateway",
    log: "warn",
  },
  UPLOADS_LIMITED: {
    code: Code.ResourceExhausted,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  UPLOADS_FULL: {
    code: Code.ResourceExhausted,
    http: 507,
    retryable: false,
    blame: "gateway",
    log: "warn",
  },
  // The gateway itself, before it has begun with the call: somewhere else it may well be done.
  LOAD_SHED: { code: Code.Unavailable, retryable: true, blame: "gateway", log: "warn" },
  OVERLOADED: { code: Code.ResourceExhausted, retryable: true, blame: "gateway", log: "warn" },
  CANCELLED: { code: Code.Canceled, retryable: false, blame: "caller", log: "info" },
  DEADLINE_EXCEEDED: {
    code: Code.DeadlineExceeded,
    retryable: false,
    blame: "upstream",
    log: "warn",
  },
  POOL_EMPTY: { code: Code.Unavailable, retryable: false, blame: "upstream", log: "error" },
  BACKEND_LOST: { code: Code.Unavailable, retryable: true, blame: "upstream", log: "warn" },
  BACKEND_TIMEOUT: { code: Code.DeadlineExceeded, retryable: true, blame: "upstream", log: "warn" },
  BACKEND_FAILED: { code: Code.Internal, retryable: true, blame: "upstream", log: "warn" },
  BACKEND_REFUSED: {
    code: Code.FailedPrecondition,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  BACKEND_CONNECT_TIMEOUT: {
    code: Code.Unavailable,
    retryable: true,
    blame: "upstream",
    log: "warn",
  },
  BACKEND_FIRST_TOKEN_TIMEOUT: {
    code: Code.DeadlineExceeded,
    retryable: true,
    blame: "upstream",
    log: "warn",
  },
  BACKEND_IDLE_TIMEOUT: {
    code: Code.DeadlineExceeded,
    retryable: true,
    blame: "upstream",
    log: "warn",
  },
  BACKEND_TOTAL_TIMEOUT: {
    code: Code.DeadlineExceeded,
    retryable: true,
    blame: "upstream",
    log: "warn",
  },
  BACKEND_REJECTED: { code: Code.InvalidArgument, retryable: false, blame: "caller", log: "info" },
  BACKEND_CREDENTIAL: {
    code: Code.Internal,
    http: 502,
    retryable: true,
    blame: "gateway",
    log: "error",
  },
  BACKEND_UNAUTHENTICATED: {
    code: Code.FailedPrecondition,
    retryable: true,
    blame: "gateway",
    log: "error",
  },
  BACKEND_QUOTA: { code: Code.ResourceExhausted, retryable: true, blame: "gateway", log: "error" },
  BACKEND_RATE_LIMITED: {
    code: Code.ResourceExhausted,
    retryable: true,
    blame: "upstream",
    log: "warn",
  },
  BACKEND_OVERLOADED: { code: Code.Unavailable, retryable: true, blame: "upstream", log: "warn" },
  BACKEND_MALFORMED: {
    code: Code.Internal,
    http: 502,
    retryable: true,
    blame: "upstream",
    log: "warn",
  },
  LIMITS_UNAVAILABLE: { code: Code.Unavailable, retryable: false, blame: "gateway", log: "error" },
  KEYS_UNAVAILABLE: { code: Code.Unavailable, retryable: false, blame: "gateway", log: "error" },
  HISTORY_UNAVAILABLE: { code: Code.Unavailable, retryable: false, blame: "gateway", log: "error" },
  SHUTTING_DOWN: { code: Code.Unavailable, retryable: true, blame: "gateway", log: "info" },
  INTERNAL: { code: Code.Internal, retryable: false, blame: "gateway", log: "error" },
  // Of errors that say no more than a code: handlers and interceptors of others throw them.
  UNKNOWN: { code: Code.Unknown, retryable: false, blame: "gateway", log: "error" },
  NOT_FOUND: { code: Code.NotFound, retryable: false, blame: "caller", log: "info" },
  ALREADY_EXISTS: { code: Code.AlreadyExists, retryable: false, blame: "caller", log: "info" },
  PERMISSION_DENIED: {
    code: Code.PermissionDenied,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  UNAUTHENTICATED: { code: Code.Unauthenticated, retryable: false, blame: "caller", log: "info" },
  RESOURCE_EXHAUSTED: {
    code: Code.ResourceExhausted,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  FAILED_PRECONDITION: {
    code: Code.FailedPrecondition,
    retryable: false,
    blame: "caller",
    log: "info",
  },
  ABORTED: { code: Code.Aborted, retryable: false, blame: "caller", log: "info" },
  OUT_OF_RANGE: { code: Code.OutOfRange, retryable: false, blame: "caller", log: "info" },
  UNIMPLEMENTED: { code: Code.Unimplemented, retryable: false, blame: "caller", log: "info" },
  UNAVAILABLE: { code: Code.Unavailable, retryable: true, blame: "upstream", log: "warn" },
  DATA_LOSS: { code: Code.DataLoss, retryable: false, blame: "gateway", log: "error" },
} as const satisfies Record<string, ReasonRow>;

/** A reason's name. */
export type Reason = keyof typeof reasons;

/** Whether `name` is a reason of this project. */
export function isReason(name: string): name is Reason {
  return Object.hasOwn(reasons, name);
}
