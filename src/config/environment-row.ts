/** A row of the environment: a name, the setting that it sets, and how its text is read. */

import type { Path } from "#yaml/problem.ts";

/** One environment name and the setting that it sets. */
export interface EnvironmentRow {
  readonly name: string;
  /** A last step of `+` appends to a list. */
  readonly path: Path;
  /** Turns the text into the value for the schema; undefined sets nothing. Absent: the text itself. */
  readonly value?: (text: string) => unknown;
}

/** Yes or no in the usual words; any other text as it is. */
export const boolean = (text: string): unknown =>
  ({ "1": true, true: true, yes: true, on: true, "0": false, false: false, no: false, off: false })[
    text.toLowerCase()
  ] ?? text;

/** A list with commas between its items, with or without brackets and quotes. */
export const list = (text: string): unknown => {
  const unwrapped = text.trim().replace(/^\[(.*)\]$/s, "$1");
  return unwrapped.split(",").map((item) => item.trim().replace(/^"(.*)"$/, "$1"));
};
