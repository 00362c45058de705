/** What is asked of a value: whether it is allowed, and if not, what is wrong with it. */

/** Whether a value is allowed. It neither allocates nor looks twice: the way of nearly all values. */
export type Predicate<T> = (value: T) => boolean;

/** One rule. */
export interface Rule<T> {
  readonly allows: Predicate<T>;
  /** What was expected, in protovalidate's words. */
  readonly expected: string;
}

/** What rules say of a value, of all that is within it too. */
export interface Check<T> {
  readonly allows: Predicate<T>;
  /** Says what is wrong with a value that is not allowed. `path` leads to it. */
  readonly report: (value: T, path: string, report: Report) => void;
}

/** A field and what is wrong with it. */
export interface Violation {
  /** Path in the message, such as `messages[0].role`; empty for the message itself. */
  readonly field: string;
  readonly description: string;
}

/** Violations up to a number. Who finds it full looks no further. */
export class Report {
  readonly violations: Violation[] = [];
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get isFull(): boolean {
    return this.violations.length >= this.#max;
  }

  add(field: string, description: string): void {
    if (!this.isFull) this.violations.push({ field, description });
  }
}

/** Allows whatever there is. */
export const always: Predicate<unknown> = () => true;

/** No rules: there is nothing to look at. */
export const unchecked: Check<unknown> = { allows: always, report() {} };

/** What all of them allow. */
export function allOf<T>(all: readonly Predicate<T>[]): Predicate<T> {
  const asked = all.filter((allows) => allows !== always);
  if (asked.length <= 1) return asked[0] ?? always;
  return (value) => {
    for (const allows of asked) if (!allows(value)) return false;
    return true;
  };
}

/**
 * A value that has to keep several rules. The first that it breaks is reported: of a text that is too
 * long no one need know whether it matches a pattern.
 */
export function checkOf<T>(rules: readonly Rule<T>[]): Check<T> {
  if (rules.length === 0) return unchecked;
  return {
    allows: allOf(rules.map(({ allows }) => allows)),
    report(value, path, report) {
      const broken = rules.find(({ allows }) => !allows(value));
      if (broken !== undefined) report.add(path, broken.expected);
    },
  };
}
