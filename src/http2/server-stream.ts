/** A request and its response on a server: the interface that handlers see. */

import { appended } from "#core/appended.ts";
import type { BodyProgress, LengthFrom } from "#core/body-progress.ts";
import { type ErrorCode, errorCode } from "./error-code.ts";
import { MessageStream } from "./message-stream.ts";
import type { FieldList } from "./stream.ts";
import { StreamBrokenError } from "./stream-error.ts";

/** How an exchange ended. */
export interface StreamEnd {
  /** Status that was sent; 499 when the client left before any was. */
  readonly status: number;
  /** Bytes of the response's body. */
  readonly bodyBytes: number;
  /** The stream broke before the response was whole. */
  readonly aborted: boolean;
}

const noFields: FieldList = [];
const clientGoneStatus = 499;

/**
 * One request and its response. Exactly one of `respond` or `start` … `end` answers it. A handler is
 * called once the body is whole, or at the end of the read that brought the head.
 */
export class ServerStream extends MessageStream {
  #sentStatus = 0;
  #gone: AbortController | undefined;
  #endListeners: ((end: StreamEnd) => void)[] | undefined;

  /** Whether a response was begun. */
  get started(): boolean {
    return this.#sentStatus !== 0;
  }

  /** Aborts when the stream breaks before the response is whole; never after. */
  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      this.#gone = new AbortController();
      if (this.closed && !this.localEnded) this.#gone.abort(new StreamBrokenError(this));
    }
    return this.#gone.signal;
  }

  override body(bytesMax: number, lengthFrom?: LengthFrom): Promise<Buffer> {
    this.#invite(bytesMax);
    return super.body(bytesMax, lengthFrom);
  }

  override chunks(bytesMax: number, progress?: BodyProgress): AsyncGenerator<Buffer> {
    this.#invite(bytesMax);
    return super.chunks(bytesMax, progress);
  }

  /** The whole response at once, trailers included. A HEAD request gets the head alone. */
  respond(
    status: number,
    fields: FieldList,
    body: Uint8Array | string = "",
    trailers: FieldList = noFields,
  ): void {
    if (this.started) return;
    const hasBody = body.length > 0 && this.method !== "HEAD";
    this.#head(status, fields, !hasBody && trailers.length === 0);
    if (hasBody) this.push(body, trailers.length === 0);
    if (trailers.length > 0) this.connection.trailers(this, trailers);
  }

  /** An informational response, such as 103; the final one is still to come. */
  inform(status: number, fields: FieldList): void {
    if (!this.started) this.connection.respond(this, status, fields, false);
  }

  /** The head of a response whose body follows in pieces. */
  start(status: number, fields: FieldList): void {
    this.#head(status, fields, false);
  }

  /** Sends a piece of the response, unless it answers HEAD. */
  override push(piece: Uint8Array | string, end = false): boolean {
    return super.push(this.method === "HEAD" ? "" : piece, end);
  }

  override reset(code: ErrorCode = errorCode.internalError): void {
    super.reset(code);
  }

  /** Called once, when the response is whole or the stream broken. */
  onEnd(listener: (end: StreamEnd) => void): void {
    if (this.closed) {
      listener(this.#howItEnded());
      return;
    }
    this.#endListeners = appended(this.#endListeners, listener);
  }

  override ended(): void {
    super.ended();
    if (!this.localEnded) this.#gone?.abort(new StreamBrokenError(this));
    if (this.#endListeners === undefined) return;
    const end = this.#howItEnded();
    for (const listener of this.#endListeners) listener(end);
  }

  /** Says 100 to a client that waits for it, unless its body would be too large. */
  #invite(bytesMax: number): void {
    if (this.remoteEnded || this.receivedBytes > 0 || this.bodyBytesLeft > bytesMax) return;
    if (this.header("expect")?.toLowerCase() === "100-continue") this.inform(100, []);
  }

  #head(status: number, fields: FieldList, end: boolean): void {
    if (this.closed || this.started) return;
    this.#sentStatus = status;
    this.connection.respond(this, status, fields, end);
  }

  #howItEnded(): StreamEnd {
    return {
      status: this.#sentStatus === 0 ? clientGoneStatus : this.#sentStatus,
      bodyBytes: this.bodyBytes,
      aborted: !this.localEnded,
    };
  }
}
