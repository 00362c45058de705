/** Pages over what is numbered in the order of its coming, newest first. */

import { fault } from "#errors/fault.ts";

/** One page. */
export interface Page<T> {
  readonly items: T[];
  /** For the next page; empty when this is the last. */
  readonly nextPageToken: string;
}

/** What is numbered. */
interface Numbered {
  readonly sequence: number;
}

/** The number before which a page begins; undefined for the first. Throws REQUEST_INVALID. */
export function sequenceOf(token: string): number | undefined {
  if (token === "") return undefined;
  if (/^[1-9]\d{0,14}$/.test(token)) return Number(token);
  const description = "it is not from the response before";
  throw fault("REQUEST_INVALID", `page_token: ${description}`, {
    fields: [{ field: "page_token", description }],
  });
}

/** The next `size` items that are wanted, of those that come newest first; their numbers may have gaps. */
export function pageOf<T extends Numbered>(
  newestFirst: Iterable<T>,
  { token, size, wants }: { token: string; size: number; wants: (item: T) => boolean },
): Page<T> {
  const items: T[] = [];
  const before = sequenceOf(token) ?? Number.POSITIVE_INFINITY;
  for (const item of newestFirst) {
    if (item.sequence >= before || !wants(item)) continue;
    if (items.length === size) return { items, nextPageToken: String(items.at(-1)?.sequence) };
    items.push(item);
  }
  return { items, nextPageToken: "" };
}
