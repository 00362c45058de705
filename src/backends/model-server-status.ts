/** From the status that ended a call to a server of models to a fault with a reason. Pure. */

import { Code, type ConnectError } from "@connectrpc/connect";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Reason } from "#errors/reason.ts";
import type { GrpcError } from "#grpc-client/grpc-error.ts";
import type { BackendCall, ModelRef } from "./backend.ts";

/** What a server says when the queue of its batches is full: no fault of the request, and it is alive. */
const queueIsFull = /queue|exceeds maximum|overload/i;
/** What it says of a label that it does not have. */
const labelIsUnknown = /version label/i;
/** What Triton says of a model that it does not have, or has not loaded, as UNAVAILABLE. */
const modelIsUnknown = /unknown model|no available versions|not (ready|found)/i;

/**
 * Names what happened. Only a refusal keeps the server's words: texts of lost and broken calls may name
 * hosts, and stay in `cause`. `ref` is the model that was asked for, where one was.
 */
export function faultOfServer(error: GrpcError, call: BackendCall, ref?: ModelRef): ConnectError {
  const { code, message } = error;
  const cause = error;
  switch (code) {
    case Code.Unavailable:
      return faultOfUnavailable(error, ref);
    case Code.Canceled:
      return fault("BACKEND_LOST", "the server of the model dropped the call", { cause });
    case Code.DeadlineExceeded:
      return call.timeoutMs === undefined
        ? fault("BACKEND_TIMEOUT", "the server of the model ran out of time", { cause })
        : fault("DEADLINE_EXCEEDED", "the deadline passed", { cause });
    case Code.ResourceExhausted:
      return faultOfExhausted(error);
    case Code.Unauthenticated:
    case Code.PermissionDenied:
      // The server refuses the gateway; the client's own credentials were fine.
      return fault("BACKEND_UNAUTHENTICATED", "the server does not admit the gateway", { cause });
    case Code.NotFound:
      return missing(ref, error);
    case Code.InvalidArgument:
      return ref?.label && labelIsUnknown.test(message)
        ? missing(ref, error)
        : fault("TENSOR_INVALID", `the model's server refused it: ${message}`, { cause });
    case Code.Unimplemented:
      return fault("OPERATION_UNSUPPORTED", "the server of the model cannot do that", { cause });
    case Code.AlreadyExists:
    case Code.FailedPrecondition:
    case Code.OutOfRange:
      return fault("BACKEND_REFUSED", message || "the server refused the request", { code, cause });
    default: // UNKNOWN, INTERNAL, DATA_LOSS, ABORTED, and numbers that gRPC does not have
      return fault("BACKEND_FAILED", "the server of the model failed", { cause });
  }
}

/** What the client itself says of a connection has a cause, a server's words have none. */
function faultOfUnavailable(error: GrpcError, ref: ModelRef | undefined): ConnectError {
  const cause = error;
  if (error.cause === undefined) {
    if (ref !== undefined && modelIsUnknown.test(error.message)) return missing(ref, error);
    if (queueIsFull.test(error.message)) {
      return fault("BACKEND_OVERLOADED", "the server of the model has a full queue", { cause });
    }
  }
  return fault("BACKEND_LOST", "the server of the model cannot be reached", { cause });
}

function faultOfExhausted(error: GrpcError): ConnectError {
  const { message, cause: inner } = error;
  const cause = error;
  if (inner !== undefined || /^received message larger/i.test(message)) {
    const words = "the response of the model's server is larger than allowed";
    return fault("BACKEND_FAILED", words, { cause });
  }
  return /larger than max/i.test(message)
    ? fault("BODY_TOO_LARGE", "the request is larger than the server takes", { cause })
    : fault("OVERLOADED", "the server of the model is overloaded", { cause });
}

function missing(ref: ModelRef | undefined, cause: GrpcError): ConnectError {
  const words = ref === undefined ? cause.message : `there is no ${wordsOf(ref)}`;
  return fault("BACKEND_MODEL_MISSING", words, { cause });
}

/** A model as a fault names it. */
export function wordsOf({ model, version, label = "" }: ModelRef): string {
  if (version !== "") return `version "${version}" of model "${model}"`;
  return label === "" ? `model "${model}"` : `label "${label}" of model "${model}"`;
}

/** `instead` where something failed for this reason; else throws it again. */
export function insteadOf<T>(thrown: unknown, reason: Reason, instead: T): T {
  if (reasonOf(faultFrom(thrown)) === reason) return instead;
  throw thrown;
}
