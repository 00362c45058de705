/** Fields as an object, for those who take all values of a name at once. */

import type { HeaderList } from "./exchange.ts";

/** All values of each name. By way of a map: names of the prototype are names like any other. */
export function valuesByName(fields: HeaderList): Record<string, string[]> {
  const all = new Map<string, string[]>();
  for (const [name, value] of fields) {
    const values = all.get(name);
    if (values === undefined) all.set(name, [value]);
    else values.push(value);
  }
  return Object.fromEntries(all);
}
