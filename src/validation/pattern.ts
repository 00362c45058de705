/** Patterns that mean the same to JavaScript as to RE2, and take it no longer: the others are the library's. */

/** Letters, digits and some signs, or a class of them that may be repeated; from the text's beginning to its end. */
const plain = /^\^(?:[\w/:@,-]|\[[\w/:@,.+ -]+\](?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})?)+\$$/;
const repeated = /\][*+?{]/g;

/**
 * The expression of a pattern that is plain; undefined for any other. With one repetition at most,
 * matching is linear.
 */
export function plainPattern(pattern: string): RegExp | undefined {
  if (!plain.test(pattern) || (pattern.match(repeated)?.length ?? 0) > 1) return undefined;
  try {
    return new RegExp(pattern, "u");
  } catch {
    return undefined;
  }
}
