/** A value a key, made when it is first asked for: for keys of which there are few. */

/** The value of `key`; `make` is called once a key. */
export function remembered<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
