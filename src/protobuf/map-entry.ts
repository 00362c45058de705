/** Entries of maps, whose keys callers choose. */

/** Sets a key of a map, of which one may be called `__proto__`. */
export function setEntry<T>(map: Record<string, T>, key: string, value: T): void {
  if (key !== "__proto__") {
    map[key] = value;
    return;
  }
  Object.defineProperty(map, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
