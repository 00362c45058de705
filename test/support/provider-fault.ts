/** How a provider double misbehaves. */

/** How the double misbehaves. */
export type ProviderFault =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Record<string, string>;
    }
  /** Refuses an operation before it has read the body. */
  | { readonly kind: "early" }
  /** Says nothing at all. */
  | { readonly kind: "stall" }
  /** Sends so many frames, then nothing more. */
  | { readonly kind: "stall_after"; readonly frames: number }
  /** Sends so many frames of a stream, and the rest, or a whole response, once this has settled. */
  | { readonly kind: "hold"; readonly frames: number; readonly until: Promise<unknown> }
  /** Sends so many frames, then ends without the last word. */
  | { readonly kind: "cut_after"; readonly frames: number }
  /** Sends so many frames, then breaks the connection. */
  | { readonly kind: "reset_after"; readonly frames: number }
  /** Sends an error inside a stream that began with 200. */
  | { readonly kind: "error_frame" }
  /** The same after the first frame, which says that the response begins. */
  | { readonly kind: "error_after_start" }
  /** The same after so many frames. */
  | { readonly kind: "error_after"; readonly frames: number }
  /** Sends these bytes in the place of a response, whole or as a stream; the connection stays open if told so. */
  | { readonly kind: "bytes"; readonly bytes: string | Buffer; readonly isOpen?: boolean }
  | { readonly kind: "garbage" }
  | { readonly kind: "wrong_type" };
