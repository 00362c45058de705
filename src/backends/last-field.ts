/** The last field of a request to a server of models, where it is so large that it is not copied into it. Pure. */

/** A field that is sent from where it lies. */
export interface LastField {
  /** All of it in front of `bytes`: tags, lengths, and what else there is. */
  readonly head: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Fewer bytes are copied into their request sooner than sent by themselves. */
export const lastFieldBytesMin = 32 * 1024;
