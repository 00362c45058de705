/** What reading or writing a stream fails with. */

import type { ErrorCode } from "./error-code.ts";
import type { Breaker, Stream } from "./stream.ts";

/** The stream is over before its message was. */
export class StreamBrokenError extends Error {
  override readonly name = "StreamBrokenError";
  readonly brokenBy: Breaker;
  readonly code: ErrorCode;
  /** The peer has not touched the request: sending it again elsewhere is safe. */
  readonly unprocessed: boolean;

  constructor(stream: Stream) {
    super(`the HTTP/2 stream was broken off with code ${stream.errorCode}`);
    this.brokenBy = stream.brokenBy;
    this.code = stream.errorCode;
    this.unprocessed = stream.unprocessed;
  }
}
