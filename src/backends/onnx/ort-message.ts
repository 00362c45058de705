/** The library's error texts made fit for a caller. Pure. */

/** The first line of a message, without file paths, at most 300 characters. */
export function publicText(message: string): string {
  const [line = ""] = message.split("\n");
  return line
    .replaceAll(/(?:[A-Za-z]:)?[/\\](?:[^\s/\\:]+[/\\])+([^\s/\\:]*)(:\d+)?/g, "$1")
    .trim()
    .slice(0, 300);
}
