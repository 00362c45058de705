/** What a reader of a body in pieces tells whoever carries the body: how far it has come. */

/** A reader that makes messages of a body, one after the other. */
export interface BodyProgress {
  /** Messages so far. */
  readonly messages: number;
  /** Nothing of the next message has come: its sender may rightly rest. */
  readonly isBetween: boolean;
}

/** The progress of a reader to whom all pieces are parts of one thing, such as a form. */
export const partsOfOne: BodyProgress = { messages: 0, isBetween: false };
