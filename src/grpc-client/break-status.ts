/** The status of a call whose response never became whole: reset, refused, lost, cancelled, too late. Pure. */

import { Code } from "@connectrpc/connect";
import { NotSentError, QueueFullError } from "#http2/client.ts";
import { type ErrorCode, errorCode } from "#http2/error-code.ts";
import { StreamBrokenError } from "#http2/stream-error.ts";
import { GrpcError } from "./grpc-error.ts";

/** The code that stands for a reset by the server. */
function codeOfReset(code: ErrorCode): Code {
  switch (code) {
    case errorCode.refusedStream:
      return Code.Unavailable;
    case errorCode.cancel:
      return Code.Canceled;
    case errorCode.enhanceYourCalm:
      return Code.ResourceExhausted;
    case errorCode.inadequateSecurity:
      return Code.PermissionDenied;
    default:
      return Code.Internal;
  }
}

/** What of a call decides how its break is read. */
export interface BrokenCall {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that its deadline is past; negative before, absent without one. */
  readonly lateMs?: number | undefined;
}

/** The error of an aborted call: its signal says whether time or the caller ended it. */
export function errorOfAbort(reason: unknown): GrpcError {
  return reason instanceof Error && reason.name === "TimeoutError"
    ? new GrpcError(Code.DeadlineExceeded, "the deadline passed", { cause: reason })
    : new GrpcError(Code.Canceled, "the call was cancelled", { cause: reason });
}

/** By so much a server's timer may end before this side's: it gets whole milliseconds, and begins later. */
const earlyMsMax = 10;

/** What a call fails with, from whatever was thrown on its way. */
export function errorOfBreak(
  thrown: unknown,
  { signal, lateMs = Number.NEGATIVE_INFINITY }: BrokenCall,
): GrpcError {
  if (signal?.aborted) return errorOfAbort(signal.reason);
  // Servers keep the deadline too. Many tell it as a call that was cancelled, by status or by a reset.
  const isTimeUp = lateMs >= -earlyMsMax;
  if (thrown instanceof GrpcError) {
    return isTimeUp && thrown.code === Code.Canceled
      ? new GrpcError(Code.DeadlineExceeded, thrown.message, { cause: thrown })
      : thrown;
  }
  if (thrown instanceof QueueFullError) {
    const message = "too many calls to the server are in progress";
    return new GrpcError(Code.ResourceExhausted, message, { unprocessed: true, cause: thrown });
  }
  if (thrown instanceof NotSentError) {
    return new GrpcError(Code.Unavailable, "the server cannot be reached", {
      unprocessed: true,
      cause: thrown,
    });
  }
  if (!(thrown instanceof StreamBrokenError)) {
    return new GrpcError(Code.Internal, "the call could not be made", { cause: thrown });
  }
  const { brokenBy, code, unprocessed } = thrown;
  if (brokenBy === "connection") {
    const message = unprocessed ? "the server went away" : "the connection broke";
    return new GrpcError(Code.Unavailable, message, { unprocessed, cause: thrown });
  }
  const isDeadline = isTimeUp && code === errorCode.cancel;
  const status = isDeadline ? Code.DeadlineExceeded : codeOfReset(code);
  return new GrpcError(status, `the stream was reset with HTTP/2 code ${code}`, {
    unprocessed,
    cause: thrown,
  });
}

/** Connections that may go away under a call one after the other: a server may send each away after a few calls. */
const departuresMax = 10;

/** Which calls may be sent again at once, uncounted, because the server has not looked at them (gRFC A6). */
export class Repeats {
  #hasBeenRefused = false;
  #departures = 0;

  /** Whether a call that broke so is sent again: once after a refusal, a few times when its connection goes away. */
  allow(thrown: unknown): boolean {
    if (!(thrown instanceof StreamBrokenError && thrown.unprocessed)) return false;
    if (thrown.brokenBy === "connection") {
      this.#departures += 1;
      return this.#departures <= departuresMax;
    }
    const isFirst = !this.#hasBeenRefused;
    this.#hasBeenRefused = true;
    return isFirst;
  }
}
