/** Lists that mostly have one item. */

/**
 * The list with `item` at its end; a new one where there is none. A list that is made with its first item
 * has room for it alone, where one that is made empty takes room for seventeen.
 */
export function appended<T>(list: T[] | undefined, item: T): T[] {
  if (list === undefined) return [item];
  list.push(item);
  return list;
}
