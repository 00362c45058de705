/** What is made when it is first asked for. */

/** Calls `make` once, with the first call. */
export function lazy<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
