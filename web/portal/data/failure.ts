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
  /** The caller may not do this: trying again changes nothing. */
  readonly isDenied: boolean;
}

const titles: Readonly<Partial<Record<Code, string>>> = {
  [Code.PermissionDenied]: "This key may not see this",
  [Code.Unauthenticated]: "The session has ended",
  [Code.Unavailable]: "Not available now",
  [Code.DeadlineExceeded]: "No answer in time",
  [Code.NotFound]: "Not found",
  [Code.InvalidArgument]: "The gateway does not take this",
  [Code.Canceled]: "Stopped",
  [Code.Unimplemented]: "Not served here",
};

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
    isDenied: error.code === Code.PermissionDenied || error.code === Code.Unimplemented,
  };
}
