/** Values made when they are first asked for, and kept. */

/** The value of `key`; `make` is called once per key. For keys of which there are few. */
export function getOrCreate<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** Texts that each `memoizeByString` keeps; further ones are made again. */
const textsMax = 1024;
/** Longest text that is kept, in characters: what a client makes long need not stay. */
const textLengthMax = 256;

/** `make`, which depends on nothing but the text, called once for each of the usual texts. */
export function memoizeByString<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const made = make(text);
    if (known.size < textsMax && text.length <= textLengthMax) known.set(text, made);
    return made;
  };
}
