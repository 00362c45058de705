/** What may be in one JSON text at most, whatever its length. */

/** Limits of one text. */
export interface JsonLimits {
  /** Items of lists and members of objects, all taken together. */
  readonly elementsMax: number;
  /** Lists and objects that are open at one place. */
  readonly depthMax: number;
}

/** As deep as protobuf's own parsers go; as much as is read within a fraction of a second. */
export const jsonLimits: JsonLimits = { elementsMax: 100_000, depthMax: 100 };
