/** Predicates that are certain of a yes, and how they are put together. */

/** True only for values that the rules allow; false says nothing. */
export type Allows<T> = (value: T) => boolean;

/** What no rule speaks of. */
export const always: Allows<unknown> = () => true;

/** What all of them allow; undefined, for a rule that no predicate is known for, stays undefined. */
export function allOf<T>(all: readonly (Allows<T> | undefined)[]): Allows<T> | undefined {
  const asked: Allows<T>[] = [];
  for (const allows of all) {
    if (allows === undefined) return undefined;
    if (allows !== always) asked.push(allows);
  }
  if (asked.length <= 1) return asked[0] ?? always;
  return (value) => {
    for (const allows of asked) if (!allows(value)) return false;
    return true;
  };
}
