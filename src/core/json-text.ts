/** Finds its way in JSON text without parsing it. Pure. */

const quote = 0x22;
const backslash = 0x5c;

/** The place of the quote that ends the string which begins at `at`; the text's length when none does. */
export function endOfString(bytes: Buffer, at: number): number {
  for (let from = at + 1; ; ) {
    const end = bytes.indexOf(quote, from);
    if (end < 0) return bytes.length;
    let escapes = 0;
    while (bytes[end - 1 - escapes] === backslash) escapes += 1;
    if (escapes % 2 === 0) return end;
    from = end + 1;
  }
}
