/** The words that a call's spending is summed up by: those of its key, and those that it brings. */

/** Where a client names them, with commas between. */
const tagsHeader = "x-polygate-tags";

/** Words that a call may bring; more are dropped, as are those that are too long. */
const tagsMax = 8;
const tagLengthMax = 64;

/** The tags of a call, each once; undefined for none. */
export function tagsOf(
  header: Headers,
  own: readonly string[] | undefined,
): readonly string[] | undefined {
  const written = header.get(tagsHeader);
  if (written === null) return own;
  const brought = written
    .split(",", 4 * tagsMax)
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "" && tag.length <= tagLengthMax)
    .slice(0, tagsMax);
  return [...new Set([...(own ?? []), ...brought])];
}
