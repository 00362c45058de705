/** Why a call failed, in words for people. */

import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";

/** A failure as it is shown. */
export interface Failure {
  readonly title: string;
  readonly message: string;
  /** The gateway's word for it, such as SCOPE_MISSING; empty where it has none. */
  readonly reason: string;
  /** Identifier of the call; empty where the gateway was not reached. */
  readonly requestId: string;
  /** Trying again changes nothing: the caller may not do this, or it is not set up. */
  readonly isLasting: boolean;
}

const titles: Readonly<Partial<Record<Code, string>>> = {
  [Code.PermissionDenied]: "This key may not see this",
  [Code.Unauthenticated]: "The session has ended",
  [Code.Unavailable]: "Not available now",
  [Code.DeadlineExceeded]: "No answer in time",
  [Code.NotFound]: "Not found",
  [Code.InvalidArgument]: "The gateway does not take this",
  [Code.FailedPrecondition]: "Not set up",
  [Code.Canceled]: "Stopped",
  [Code.Unimplemented]: "Not served here",
};

/** What stays so until a person changes something. */
const lasting: readonly Code[] = [
  Code.PermissionDenied,
  Code.Unimplemented,
  Code.FailedPrecondition,
];

/** What is shown of `thrown`. */
export function failureOf(thrown: unknown): Failure {
  const error = ConnectError.from(thrown);
  const requestId = error.metadata.get("x-request-id") ?? "";
  const wasReached = requestId !== "";
  return {
    title: titles[error.code] ?? (wasReached ? "The call failed" : "The gateway does not answer"),
    message: error.rawMessage,
    reason: error.findDetails(ErrorInfoSchema)[0]?.reason ?? "",
    requestId,
    isLasting: lasting.includes(error.code),
  };
}
