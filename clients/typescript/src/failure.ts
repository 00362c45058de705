/** Why a call failed, as the gateway tells it in google.rpc details. */

import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.js";

/** A failed call. */
export interface Failure {
  /** gRPC's status code. */
  readonly code: Code;
  /** The gateway's name of the failure, such as `RATE_LIMITED`; empty when no gateway answered. */
  readonly reason: string;
  /** What happened, in words. */
  readonly message: string;
  /** When a new try makes sense, in milliseconds from now; absent where the gateway names no time. */
  readonly retryAfterMs?: number;
  /** Fields of the request at fault, and what is wrong with each. */
  readonly fields: readonly { readonly field: string; readonly description: string }[];
  /** Further facts, such as the limit that was met. */
  readonly facts: Readonly<Record<string, string>>;
  /** The gateway's id of the request, which its logs have; empty when no gateway answered. */
  readonly requestId: string;
}

/** Reads whatever a call rejected with. Never throws. */
export function failureOf(thrown: unknown): Failure {
  const error = ConnectError.from(thrown);
  const [info] = error.findDetails(ErrorInfoSchema);
  const [retry] = error.findDetails(RetryInfoSchema);
  const [bad] = error.findDetails(BadRequestSchema);
  const delay = retry?.retryDelay;
  return {
    code: error.code,
    reason: info?.reason ?? "",
    message: error.rawMessage,
    ...(delay === undefined ? {} : { retryAfterMs: durationMs(delay) }),
    fields: (bad?.fieldViolations ?? []).map(({ field, description }) => ({ field, description })),
    facts: info?.metadata ?? {},
    requestId: error.metadata.get("x-request-id") ?? "",
  };
}

/** The gateway could not be reached, or could not serve the call at that time. */
export function isUnavailable({ code }: Failure): boolean {
  return code === Code.Unavailable;
}
