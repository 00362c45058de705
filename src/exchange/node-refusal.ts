/** Why a request that node:http gave up, or took, is not served: in the words and with the status of the own engine. */

import type { IncomingMessage } from "node:http";
import { headerBytesMax } from "./wire.ts";

/** A response to what cannot be served. */
export interface NodeRefusal {
  readonly status: number;
  readonly message: string;
}

const refusalByParserCode: Readonly<Record<string, NodeRefusal>> = {
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, message: "the chunk extensions are too large" },
  HPE_INVALID_EOF_STATE: { status: 400, message: "the request ended before it was whole" },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: "the request head did not arrive in time" },
};
const notHttp: NodeRefusal = { status: 400, message: "the bytes sent are not an HTTP request" };
const headTooLong: NodeRefusal = {
  status: 431,
  message: `the request head exceeds ${headerBytesMax} bytes`,
};
const lineTooLong: NodeRefusal = {
  status: 414,
  message: `the request line exceeds ${headerBytesMax} bytes`,
};
const methodUnknown: NodeRefusal = {
  status: 501,
  message: "the method is not known to this server",
};
const versionUnknown: NodeRefusal = {
  status: 505,
  message: "HTTP/1.1 is spoken here, and HTTP/2 by its preface",
};
const withoutHost: NodeRefusal = { status: 400, message: "host: HTTP/1.1 requests name one" };
const codingForeign: NodeRefusal = {
  status: 501,
  message: "transfer-encoding: only chunked is known",
};
/** An expectation other than the one for 100. */
export const unknownExpectation: NodeRefusal = {
  status: 417,
  message: "expect: only 100-continue is known",
};

/** A sound request line, and the beginning of one whose method is longer than any. */
const soundLine = /^[\w!#$%&'*+.^`|~-]+ [\x21-\x7e]+ HTTP\/\d\.\d$/;
const requestLineStart = /^[A-Z-]+ [\x21-\x7e]+$/;
const longMethod = /^[\w!#$%&'*+.^`|~-]{12}/;

/** What node:http says of bytes that it cannot read: its own errors have no types for this. */
export interface ParserFailure extends NodeJS.ErrnoException {
  /** What came last, other requests before it perhaps, and how much of it was read. */
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** The line in which reading ended, as far as it came in one piece. */
function lineOf({ rawPacket, bytesParsed = 0 }: ParserFailure): string {
  const text = rawPacket?.toString("latin1") ?? "";
  const start = text.lastIndexOf("\r\n", bytesParsed - 1) + 1;
  const end = text.indexOf("\r\n", bytesParsed);
  return text.slice(start === 0 ? 0 : start + 1, end < 0 ? text.length : end);
}

/** Why bytes are no request. */
export function refusalOfBytes(failure: ParserFailure): NodeRefusal {
  const { code = "" } = failure;
  const line = lineOf(failure);
  switch (code) {
    case "HPE_INVALID_METHOD":
      return soundLine.test(line) || longMethod.test(line) ? methodUnknown : notHttp;
    case "HPE_INVALID_VERSION":
      return soundLine.test(line) ? versionUnknown : notHttp;
    case "HPE_HEADER_OVERFLOW":
      return requestLineStart.test(line) ? lineTooLong : headTooLong;
    default:
      return refusalByParserCode[code] ?? notHttp;
  }
}

/** Why a request that node:http took is not served; undefined: it is. */
export function refusalOfRequest(request: IncomingMessage): NodeRefusal | undefined {
  const { httpVersionMajor, httpVersion, headers } = request;
  if (httpVersionMajor !== 1) return versionUnknown;
  // RFC 9112 §3.2.
  if (httpVersion === "1.1" && headers.host === undefined) return withoutHost;
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && coding.toLowerCase() !== "chunked") return codingForeign;
  return undefined;
}
