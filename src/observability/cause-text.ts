/** Why something failed, down to the first cause, in words for the log alone: they may name hosts and paths, and no credentials. */

import { withoutCredentials } from "#core/redact.ts";

/** Longest account, in characters. */
const textLengthMax = 4096;
/** Causes that are followed: an error may be its own. */
const causesMax = 8;

/**
 * The messages from the outermost to the first cause, each once, and the stack of that one: a name
 * that cannot be resolved, a refused connection and a time-out read differently.
 */
export function causeText(error: unknown): string {
  // A word that is cut might be a credential that does not look like one any more.
  return withoutCredentials(wholeText(error)).slice(0, textLengthMax);
}

function wholeText(error: unknown): string {
  const texts: string[] = [];
  let at = error;
  for (let depth = 0; depth < causesMax && at instanceof Error && at.cause !== undefined; depth++) {
    if (texts.at(-1) !== at.message) texts.push(at.message);
    at = at.cause;
  }
  if (at === error) return at instanceof Error ? at.message : thrownText(at);
  const first = at instanceof Error ? (at.stack ?? at.message) : thrownText(at);
  return [...texts, first].join(": ");
}

/** What was thrown that is no error. An object is not asked for its text: it may have none, or throw. */
function thrownText(thrown: unknown): string {
  const isObject = typeof thrown === "object" && thrown !== null;
  return isObject ? Object.prototype.toString.call(thrown) : String(thrown);
}
