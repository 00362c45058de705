/** The HTTP status of an error: its reason's own where it has one, else that of its code. */

import { Code, type ConnectError } from "@connectrpc/connect";
import { rowOf } from "./fault.ts";

const statusByCode: Readonly<Record<Code, number>> = {
  [Code.Canceled]: 499,
  [Code.Unknown]: 500,
  [Code.InvalidArgument]: 400,
  [Code.DeadlineExceeded]: 504,
  [Code.NotFound]: 404,
  [Code.AlreadyExists]: 409,
  [Code.PermissionDenied]: 403,
  [Code.ResourceExhausted]: 429,
  [Code.FailedPrecondition]: 400,
  [Code.Aborted]: 409,
  [Code.OutOfRange]: 400,
  [Code.Unimplemented]: 501,
  [Code.Internal]: 500,
  [Code.Unavailable]: 503,
  [Code.DataLoss]: 500,
  [Code.Unauthenticated]: 401,
};

/** Status of a code, by the mapping that google.rpc.Code documents. */
export function httpStatusOf(code: Code): number {
  return statusByCode[code];
}

/** Status of an error with a reason: the reason's row may be finer than the code. */
export function httpStatusFrom(error: ConnectError): number {
  return rowOf(error).http ?? httpStatusOf(error.code);
}
