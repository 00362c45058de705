/** Reads the flags of a command line by a table. */

import { parseArgs } from "node:util";
import { nearest } from "#yaml/nearest.ts";
import type { Problem } from "#yaml/problem.ts";

/** One flag of a command. */
export interface FlagRow {
  /** Without the dashes. */
  readonly name: string;
  /** A letter that means the same. */
  readonly short?: string;
  /** Word for the value in the help; absent when the flag takes none. */
  readonly value?: string;
  /** Takes several values, separated by spaces or commas. */
  readonly many?: true;
  /** May be given several times, with a value each. */
  readonly repeats?: true;
  readonly description: string;
}

/** Flags by name, each with its values; a flag without a value has an empty list. */
export interface Flags {
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** What belongs to no flag, in order; empty for commands that take none. */
  readonly words: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * Reads `argv` (without program and command). Reports every problem, and never a value. Words that
 * belong to no flag are a problem unless the command takes them; what follows `--` is words.
 */
export function flagsFrom(
  argv: readonly string[],
  rows: readonly FlagRow[],
  takesWords = false,
): Flags {
  const values = new Map<string, string[]>();
  const words: string[] = [];
  const problems: Problem[] = [];
  let open: FlagRow | undefined;
  let astray = false;
  const refuse = (where: string, message: string | undefined, hint = {}) => {
    if (message !== undefined) problems.push({ where, path: "", message, ...hint });
  };
  for (const token of tokensOf(argv, rows)) {
    if (token.kind === "option") {
      const name = nameOf(token, rows);
      open = rows.find((row) => row.name === name);
      // A value after an unknown flag belongs to that flag, and is not reported again.
      astray = open === undefined || token.value?.startsWith("--") === true;
      refuse(`flag ${token.rawName}`, takeOption(open, token.value, values), hintFor(name, rows));
    } else if (token.kind === "option-terminator") {
      open = undefined;
      astray = false;
    } else if (token.kind === "positional" && !astray) {
      if (takesWords && !open?.many) words.push(token.value);
      else refuse(`argument ${token.index + 1}`, takeFurther(open, token.value, values));
    }
  }
  return { values, words, problems };
}

/** The long name of what was written. */
function nameOf(
  { rawName, name }: { readonly rawName: string; readonly name: string },
  rows: readonly FlagRow[],
): string {
  if (rawName === "-h") return "help";
  return rows.some(({ short }) => rawName === `-${short}`) ? name : rawName.replace(/^-+/, "");
}

function tokensOf(argv: readonly string[], rows: readonly FlagRow[]) {
  const options = Object.fromEntries(
    rows.map(({ name, short, value }) => [
      name,
      {
        type: value === undefined ? ("boolean" as const) : ("string" as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  const args = [...argv];
  return parseArgs({ args, options, strict: false, tokens: true, allowPositionals: true }).tokens;
}

/** Adds a flag with its value, or returns why it cannot. */
function takeOption(
  row: FlagRow | undefined,
  value: string | undefined,
  values: Map<string, string[]>,
): string | undefined {
  if (row === undefined) return "is unknown";
  if (values.has(row.name) && !row.repeats) return "is given twice";
  if (row.value === undefined && value !== undefined) return "takes no value";
  const missing = value === undefined || value === "" || value.startsWith("--");
  if (row.value !== undefined && missing) return `needs a value: ${row.value}`;
  const given = row.repeats ? (values.get(row.name) ?? []) : [];
  values.set(row.name, value === undefined ? [] : [...given, value]);
  return undefined;
}

/** Adds a further value of a flag that takes several, or returns why it cannot. */
function takeFurther(
  row: FlagRow | undefined,
  value: string,
  values: ReadonlyMap<string, string[]>,
): string | undefined {
  const taken = row?.many ? values.get(row.name) : undefined;
  taken?.push(value);
  return taken === undefined ? "belongs to no flag" : undefined;
}

function hintFor(name: string, rows: readonly FlagRow[]): { hint?: string } {
  const names = rows.map((row) => row.name);
  const meant = names.includes(name) ? undefined : nearest(name, names);
  return meant === undefined ? {} : { hint: `did you mean --${meant}?` };
}
