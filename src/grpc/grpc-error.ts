/** What a gRPC call of ours fails with. */

import type { Code } from "@connectrpc/connect";

/** What may be known of a failure beside code and text. */
export interface GrpcErrorOptions {
  /** google.rpc.Status in bytes, as the server sent it. */
  readonly details?: Uint8Array;
  /** Metadata that came with the status. */
  readonly trailer?: Headers;
  readonly unprocessed?: boolean;
  /** What was caught; for logs, it may name addresses. */
  readonly cause?: unknown;
}

/** The status of a call that is not OK: the server's own, or ours for what became of the call. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly code: Code;
  readonly details: Uint8Array | undefined;
  readonly trailer: Headers | undefined;
  /** The server has not touched the call: making it again is safe, whatever it does. */
  readonly unprocessed: boolean;

  constructor(code: Code, message: string, options: GrpcErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.trailer = options.trailer;
    this.unprocessed = options.unprocessed ?? false;
  }
}
