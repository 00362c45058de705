/** What a field may hold at most, as far as it can be reported while it is read. */

import type { DescField } from "@bufbuild/protobuf";

/** A bound and the words for what is beyond it. */
export interface FieldLimit {
  readonly max: number;
  /** What was expected, such as `must contain no more than 16 item(s)`. */
  readonly expected: string;
}

/** Bounds of a field; an absent one is none. */
export interface FieldLimits {
  /** Items of a list. */
  readonly items?: FieldLimit | undefined;
  /** Bytes of a text or of bytes, of each one in a list or map. */
  readonly valueBytes?: FieldLimit | undefined;
  /** Bytes of a map's key. */
  readonly keyBytes?: FieldLimit | undefined;
}

/** The bounds of each field. */
export type LimitsOf = (field: DescField) => FieldLimits;
