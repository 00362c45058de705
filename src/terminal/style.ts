/** Colours: for people at a terminal who have not turned them off. Pure. */

import { styleText } from "node:util";

/** Marks pieces of text by what they mean. */
export interface Style {
  /** What explains the rest. */
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
  /** What is as it should be. */
  readonly good: (text: string) => string;
  /** What should be looked at. */
  readonly bad: (text: string) => string;
}

/**
 * Whether output is coloured: on a terminal, unless NO_COLOR is set (to anything but nothing) or TERM is
 * `dumb`. FORCE_COLOR colours what goes elsewhere as well; 0 does not.
 */
export function isColoured(
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  return isTerminal && env.TERM !== "dumb";
}

/** Texts as they are, or in colours. */
export function styleOf(coloured: boolean): Style {
  const as = (format: Parameters<typeof styleText>[0]) =>
    coloured
      ? (text: string) => styleText(format, text, { validateStream: false })
      : (text: string) => text;
  return { faint: as("dim"), strong: as("bold"), good: as("green"), bad: as("red") };
}
