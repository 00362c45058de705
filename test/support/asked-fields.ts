/** Records which fields of a JSON body are asked for, whether they are there or not. */

/** A path as a table has it: indices left out. */
export type FieldPath = string;

/** Values that are read as a whole: what is asked of them is not the reader's to know. */
function isLeaf(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

/**
 * The body, with every field that `Object.hasOwn` is asked of added to `asked` by its path. Listing
 * all of an object's fields asks for none of them.
 */
export function recorded<T>(body: T, asked: Set<FieldPath>, path: FieldPath = ""): T {
  if (isLeaf(body)) return body;
  const inner = new Map<PropertyKey, unknown>();
  let listed = 0;
  return new Proxy(body as object, {
    ownKeys(target) {
      const keys = Reflect.ownKeys(target);
      listed = keys.filter((key) => typeof key === "string").length;
      return keys;
    },
    getOwnPropertyDescriptor(target, key) {
      if (listed > 0) listed -= 1;
      else if (typeof key === "string" && !Array.isArray(target)) {
        asked.add(path === "" ? key : `${path}.${key}`);
      }
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (isLeaf(value) || typeof value === "function" || typeof key === "symbol") return value;
      const name = Array.isArray(target) ? `${path}[]` : path === "" ? key : `${path}.${key}`;
      if (!inner.has(key)) inner.set(key, recorded(value, asked, name));
      return inner.get(key);
    },
  }) as T;
}
