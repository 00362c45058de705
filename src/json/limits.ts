/** What may be in one JSON text at most, whatever its length. */

import type { DescField } from "@bufbuild/protobuf";

/** Limits of one text. */
export interface JsonLimits {
  /** Items of lists and members of objects, all taken together. */
  readonly elementsMax: number;
  /** Lists and objects that are open at one place. */
  readonly depthMax: number;
}

/** A bound of a field, and the words for what is beyond it. */
export interface FieldLimit {
  readonly max: number;
  /** What was expected, such as `must contain no more than 16 item(s)`. */
  readonly expected: string;
}

/** The bounds of each field that its reader holds, by rules that somebody else knows. */
export type LimitsOf = (field: DescField) => {
  /** Items of a list. */
  readonly items?: FieldLimit | undefined;
};

/** As deep as protobuf's own parsers go; as much as is read within a fraction of a second. */
export const jsonLimits: JsonLimits = { elementsMax: 100_000, depthMax: 100 };
