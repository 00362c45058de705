/** The library's error texts made fit for a caller. Pure. */

/** What every failed load begins with; the path may hold anything. */
const loadPrefix = /^Load model from .* failed:\s*/;
/** Where in the library's source, and the C++ signature of the function there. */
const sourcePosition =
  /\/\S+\.(?:cc|cpp|h|hpp):\d+ (?:[^()\n]*::[^()\n]*\(.*?\)(?: const)?(?:::<lambda\(\)>)?(?: \[with [^\]\n]*\])? )?/g;
/** A path of at least two parts, of Unix or Windows, with its last part. */
const path = /(?:(?<![A-Za-z])[A-Za-z]:)?[/\\](?:[^\s/\\:]+[/\\])+([^\s/\\:]*)(:\d+)?/g;

/** Whether memory ran out, which says nothing of the inputs. */
export function saysNoMemory(message: string): boolean {
  return /allocat/i.test(message);
}

/** Characters of it that are reported. */
const textLengthMax = 300;

/** The first line of a message, without file paths and C++ names; a long one ends between two words. */
export function publicText(message: string): string {
  const [line = ""] = message.split("\n");
  const text = line
    .replace(loadPrefix, "")
    .replaceAll(sourcePosition, "")
    .replaceAll(path, "$1")
    .trim();
  if (text.length <= textLengthMax) return text;
  return `${text.slice(0, textLengthMax - 1).replace(/\s+\S*$/, "")}…`;
}
