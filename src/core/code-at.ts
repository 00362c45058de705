/** The code units of texts, as fast whatever texts are read. */

const { charCodeAt } = String.prototype;

/**
 * The code unit at a place of a text; NaN beyond its end. V8 has many kinds of text (in one piece, put
 * together, cut out of another, …), and where five of them have come by, it looks the method up anew at
 * each call: a loop over the text takes ten times as long. This function it knows. For the same reason
 * loops look at a text's length once.
 */
export function codeAt(text: string, index: number): number {
  return charCodeAt.call(text, index);
}
