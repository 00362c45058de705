/** What the reader of a body tells whoever carries the body: how far it has come, and how long the body says it is. */

/** A reader that makes messages of a body, one after the other. */
export interface BodyProgress {
  /** Messages so far. */
  readonly messages: number;
  /** Nothing of the next message has come: its sender may rightly rest. */
  readonly isBetween: boolean;
}

/** The progress of a reader to whom all pieces are parts of one thing, such as a form. */
export const partsOfOne: BodyProgress = { messages: 0, isBetween: false };

/** The length of a body in bytes, as far as its first bytes say it; undefined where they do not. It may be a lie. */
export type LengthFrom = (start: Uint8Array) => number | undefined;
