/** Finds its way in JSON text without parsing it. Pure. */

const quote = 0x22;
const backslash = 0x5c;
/** Most texts are names: so many bytes are looked at before the library is asked, whose search is for longer ones. */
const shortBytes = 24;

/** The place of the first quote from `from` on; -1: there is none. */
function quoteFrom(bytes: Buffer, from: number): number {
  const shortEnd = Math.min(from + shortBytes, bytes.length);
  for (let at = from; at < shortEnd; at += 1) if (bytes[at] === quote) return at;
  return bytes.indexOf(quote, shortEnd);
}

/** The place of the quote that ends the string which begins at `at`; the text's length when none does. */
export function endOfString(bytes: Buffer, at: number): number {
  for (let from = at + 1; ; ) {
    const end = quoteFrom(bytes, from);
    if (end < 0) return bytes.length;
    let escapes = 0;
    while (bytes[end - 1 - escapes] === backslash) escapes += 1;
    if (escapes % 2 === 0) return end;
    from = end + 1;
  }
}
