/** Marks on blocks that ask Anthropic to remember a prompt: at most four, the last ones. Pure. */

import type { CacheMark } from "#gen/polygate/v1/conversation_pb.js";

/** An object that is being written. */
export type Fields = Record<string, unknown>;

const marksMax = 4;
/** Longer than the default of five minutes there is one hour. */
const longTtls = new Set(["30m", "1h", "12h"]);

/** The field of a block. */
export function cacheControlOf(mark: CacheMark | undefined): Fields {
  if (mark === undefined) return {};
  const ttl = longTtls.has(mark.ttl) ? { ttl: "1h" } : {};
  return { cache_control: { type: "ephemeral", ...ttl } };
}

/** Removes all marks but the last four, in the order in which the prompt is read: tools, system, messages. Returns whether there were more. */
export function keepLastMarks({ tools, system, messages }: Fields): boolean {
  const turns = (messages as { content: Fields[] }[]).flatMap(({ content }) => content);
  const marked = [tools, system, turns]
    .flatMap((blocks) => (blocks ?? []) as Fields[])
    .filter((block) => block.cache_control !== undefined);
  for (const block of marked.slice(0, -marksMax)) delete block.cache_control;
  return marked.length > marksMax;
}
