/** What a gRPC call of this project fails with. */

import type { Code } from "@connectrpc/connect";
import type { Metadata } from "#protocol/metadata.ts";

/** What may be known of a failure besides code and text. */
export interface GrpcErrorOptions {
  /** google.rpc.Status in bytes, as the server sent it. */
  readonly details?: Uint8Array;
  /** Metadata before the messages. */
  readonly header?: Metadata;
  /** Metadata that came with the status. */
  readonly trailer?: Metadata;
  readonly unprocessed?: boolean;
  /** What was caught; for logs, it may name addresses. */
  readonly cause?: unknown;
}

/** The status of a call that is not OK: the server's own, or this side's for how the call ended. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly code: Code;
  readonly details: Uint8Array | undefined;
  readonly header: Metadata | undefined;
  readonly trailer: Metadata | undefined;
  /** The server has not touched the call: making it again is safe, whatever it does. */
  readonly unprocessed: boolean;

  constructor(code: Code, message: string, options: GrpcErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.header = options.header;
    this.trailer = options.trailer;
    this.unprocessed = options.unprocessed ?? false;
  }
}
