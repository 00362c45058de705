/** From the status that ended a call to a core to a fault with a reason. Pure. */

import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError } from "@connectrpc/connect";
import { errorDomain, type FaultOptions, fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { isReason, type Reason } from "#errors/reason.ts";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "#gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";

/** The status of a call, whatever carried it. Absent parts were not reported. */
export interface CoreStatus {
  readonly code?: number;
  readonly message?: string;
  /** google.rpc.Status in bytes. */
  readonly details?: Uint8Array | undefined;
}

/** What of the call decides how its end is read. */
export interface EndedCall {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
}

/**
 * Names what happened. An aborted call ends for the signal's reason, whatever the wire said. Only a
 * refusal keeps the core's words: texts of lost and broken calls may name hosts, and stay in `cause`.
 */
export function faultFromStatus(status: CoreStatus, call: EndedCall): ConnectError {
  if (call.signal.aborted) return faultFrom(call.signal.reason);
  const code: Code = Number(status.code ?? Code.Unknown);
  const { message = "" } = status;
  const { reason, ...told } = detailsOf(status);
  // Not every wire has an error of its own for what the core, or the way to it, said.
  const cause = status instanceof Error ? status : new Error(message || `gRPC status ${code}`);
  switch (code) {
    case Code.Unavailable:
      return fault("BACKEND_LOST", "the core cannot be reached", { ...told, cause });
    case Code.Canceled:
      return fault("BACKEND_LOST", "the core dropped the call", { cause });
    case Code.DeadlineExceeded:
      return call.timeoutMs === undefined
        ? fault("BACKEND_TIMEOUT", "the core ran out of time", { cause })
        : fault("DEADLINE_EXCEEDED", "the deadline passed", { cause });
    case Code.ResourceExhausted:
      if (/^received message .*larger than/i.test(message)) {
        return fault("BACKEND_FAILED", "the core's response is larger than allowed", { cause });
      }
      if (/larger than/i.test(message)) {
        return fault("BODY_TOO_LARGE", "the request is larger than the core takes", { cause });
      }
      return fault("OVERLOADED", "the core is overloaded", { ...told, cause });
    case Code.Unauthenticated:
    case Code.PermissionDenied:
      // The core refuses the gateway; the client's own credentials were fine.
      return fault("BACKEND_UNAUTHENTICATED", "the core does not admit the gateway", { cause });
    case Code.InvalidArgument:
    case Code.NotFound:
    case Code.AlreadyExists:
    case Code.FailedPrecondition:
    case Code.OutOfRange:
    case Code.Unimplemented:
      return fault(reason ?? "BACKEND_REFUSED", message || "the core refused the request", {
        ...told,
        code,
        cause,
      });
    default: // UNKNOWN, INTERNAL, DATA_LOSS, ABORTED, and numbers that gRPC does not have
      return fault("BACKEND_FAILED", "the core failed", { cause });
  }
}

/** What the core said besides code and text, as far as we pass it on. */
function detailsOf(
  status: CoreStatus,
): Pick<FaultOptions, "fields" | "retryAfterMs"> & { readonly reason?: Reason } {
  if (status.details === undefined) return {};
  try {
    const any = fromBinary(StatusSchema, status.details).details;
    const info = any.map((detail) => anyUnpack(detail, ErrorInfoSchema)).find(Boolean);
    const bad = any.map((detail) => anyUnpack(detail, BadRequestSchema)).find(Boolean);
    const delay = any.map((detail) => anyUnpack(detail, RetryInfoSchema)).find(Boolean)?.retryDelay;
    return {
      ...(info?.domain === errorDomain && isReason(info.reason) && { reason: info.reason }),
      ...(bad !== undefined && { fields: bad.fieldViolations }),
      ...(delay !== undefined && {
        retryAfterMs: Number(delay.seconds) * 1000 + delay.nanos / 1e6,
      }),
    };
  } catch {
    return {}; // details that cannot be read take nothing from the status itself
  }
}
