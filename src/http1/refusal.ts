/** Why input is not served, and what its sender learns. */

import type { ConnectionLimits } from "./limits.ts";

/** A response to what is no request, or none that can be served. The connection closes after it. */
export interface Refusal {
  readonly status: number;
  /** Names the field or the limit. */
  readonly message: string;
  /** What to count it as. */
  readonly reason:
    | "http1_malformed"
    | "http1_incomplete"
    | "http1_head_timeout"
    | "http1_body_timeout"
    | "buffers_full";
}

function malformed(message: string, status = 400): Refusal {
  return { status, message, reason: "http1_malformed" };
}

/** Bytes that break the grammar of a head, a chunk or a trailer. */
export const notHttp = malformed("the bytes sent are not an HTTP request");
/** HTTP/1.1 without exactly one Host, or with one that names no authority. */
export const hostNeeded = malformed("host: HTTP/1.1 requests name one");
/** A body whose length is reported badly, twice or in two ways. */
export const lengthUnclear = malformed(
  "content-length: one number of bytes, and none together with transfer-encoding",
);
/** A coding that is not chunked alone, or in a version that has none. */
export const codingUnknown = malformed(
  "transfer-encoding: only chunked is known, once, on HTTP/1.1",
);
/** A coding of the message beneath chunks, which could be decoded by who knows it (RFC 9112 §6.1). */
export const codingForeign = malformed("transfer-encoding: only chunked is known", 501);
/** A method of another server (RFC 9110 §15.6.2). */
export const methodUnknown = malformed("the method is not known to this server", 501);
/** Another major version than 1 (RFC 9110 §15.6.6). */
export const versionUnknown = malformed("HTTP/1.1 is spoken here, and HTTP/2 by its preface", 505);
/** CONNECT, which asks for a proxy. */
export const noProxy = malformed("CONNECT: this server is no proxy");
/** An expectation that no one knows. */
export const expectationUnknown = malformed("expect: only 100-continue is known", 417);
/** The client ended its side within a request. */
export const requestCut: Refusal = {
  status: 400,
  message: "the request ended before it was whole",
  reason: "http1_incomplete",
};
/** A body that others need the memory of. */
export const buffersFull: Refusal = {
  status: 503,
  message: "the server holds as many bytes of requests and responses as it may; try again later",
  reason: "buffers_full",
};
/** A head that did not come in its time. */
export const headLate: Refusal = {
  status: 408,
  message: "the request head did not arrive in time",
  reason: "http1_head_timeout",
};
/** A body that did not come in its time. */
export const bodyLate: Refusal = {
  status: 408,
  message: "the request body did not arrive in time",
  reason: "http1_body_timeout",
};

/** A request line past the bytes of a head (RFC 9112 §3). */
export function lineTooLong({ headBytesMax }: ConnectionLimits): Refusal {
  return malformed(`the request line exceeds ${headBytesMax} bytes`, 414);
}

/** A head, or trailers, past their bytes. */
export function headTooLong({ headBytesMax }: ConnectionLimits): Refusal {
  return malformed(`the request head exceeds ${headBytesMax} bytes`, 431);
}

/** A head, or trailers, past their fields. */
export function tooManyFields({ headFieldsMax }: ConnectionLimits): Refusal {
  return malformed(`the request head has more than ${headFieldsMax} fields`, 431);
}

/** Chunk extensions past their bytes. */
export const extensionsTooLong = malformed("the chunk extensions are too large", 413);
