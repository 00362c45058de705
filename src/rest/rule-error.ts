/** What keeps HTTP rules from being served, and which part of them is to blame. */

/** Steps from a rule to a part of it, in proto names, such as `additional_bindings`, 0, `get`. */
export type RulePath = readonly (string | number)[];

/** A rule that cannot be. */
export class RuleError extends Error {
  /** Full name of the rule's method. */
  readonly selector: string;
  /** The part to blame; empty for the whole rule. */
  readonly at: RulePath;
  /** The message without method and part. */
  readonly problem: string;

  constructor(selector: string, at: RulePath, problem: string) {
    super([selector, at.join("."), problem].filter((text) => text !== "").join(": "));
    this.name = "RuleError";
    this.selector = selector;
    this.at = at;
    this.problem = problem;
  }
}
