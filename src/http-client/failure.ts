/** What it means when a call was not answered, or its response broke off. */

import { errors } from "undici";

/** What went wrong with a call that the other side did not answer. */
export type HttpFailure = "connect" | "connect_timeout" | "head_timeout" | "idle_timeout" | "reset";

/** A call without a response, or one whose response broke off. `cause` is for the log only. */
export class HttpClientError extends Error {
  readonly failure: HttpFailure;

  constructor(failure: HttpFailure, cause: unknown) {
    super(`the HTTP call failed: ${failure}`, { cause });
    this.failure = failure;
  }
}

const connectCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_HAS_EXPIRED",
]);

/** A call in progress, as far as it says why something failed. */
export interface Under {
  readonly signal: AbortSignal;
  /** What the request's body has thrown. */
  bodyFailure?: { readonly thrown: unknown };
}

/** What a library's error means; the signal's own reason when that has aborted. */
export function failureOf(thrown: unknown, { signal, bodyFailure }: Under): unknown {
  if (signal.aborted) return signal.reason;
  if (bodyFailure !== undefined) return bodyFailure.thrown;
  if (thrown instanceof HttpClientError) return thrown;
  if (thrown instanceof errors.ConnectTimeoutError) {
    return new HttpClientError("connect_timeout", thrown);
  }
  if (thrown instanceof errors.HeadersTimeoutError) {
    return new HttpClientError("head_timeout", thrown);
  }
  if (thrown instanceof errors.BodyTimeoutError) return new HttpClientError("idle_timeout", thrown);
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  return new HttpClientError(connectCodes.has(code) ? "connect" : "reset", thrown);
}
