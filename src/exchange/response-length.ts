/** Whether a response that is sent whole names its length. Pure. */

import type { Exchange } from "./exchange.ts";

/** What decides about it. */
export interface WholeResponse {
  readonly status: number;
  readonly bodyBytes: number;
  readonly hasTrailers: boolean;
}

/**
 * Not where it has no body at all, nor before trailers, which HTTP/1.1 sends after chunks; nor of an
 * empty body on HTTP/2, whose frames tell its end: gRPC's errors are such responses, and its clients
 * take every field of them for metadata.
 */
export function namesLength(
  httpVersion: Exchange["httpVersion"],
  { status, bodyBytes, hasTrailers }: WholeResponse,
): boolean {
  if (hasTrailers || status === 204 || status === 304) return false;
  return bodyBytes > 0 || httpVersion === "1.1";
}
