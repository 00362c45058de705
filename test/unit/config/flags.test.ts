/** What a command line is read as, and which words of it are refused. */

import { describe, expect, test } from "vitest";
import { type FlagRow, flagsFrom } from "#config/flags.ts";
import { problemText } from "#yaml/problem.ts";

const rows = [
  { name: "host", value: "address" },
  { name: "ports", value: "numbers", many: true },
  { name: "verbose" },
  { name: "help" },
] as unknown as readonly FlagRow[];

const read = (...argv: string[]) => {
  const { values, problems } = flagsFrom(argv, rows);
  return { values: Object.fromEntries(values), problems: problems.map(problemText) };
};

describe("a command line", () => {
  test.each<[string[], object]>([
    [[], {}],
    [["--host", "a"], { host: ["a"] }],
    [["--host=a"], { host: ["a"] }],
    [["--verbose", "--host", "a"], { verbose: [], host: ["a"] }],
    [["--ports", "1", "2", "--verbose"], { ports: ["1", "2"], verbose: [] }],
    [["-h"], { help: [] }],
    [["--verbose", "--"], { verbose: [] }],
  ])("%j reads", (argv, values) => {
    expect(read(...argv)).toEqual({ values, problems: [] });
  });

  test.each<[string[], string[]]>([
    [["--verbose=1"], ["flag --verbose: takes no value"]],
    [["--host="], ["flag --host: needs a value: address"]],
    [["--host"], ["flag --host: needs a value: address"]],
    [["--host", "a", "b"], ["argument 3: belongs to no flag"]],
    [["--verbose", "b"], ["argument 2: belongs to no flag"]],
    [["stray"], ["argument 1: belongs to no flag"]],
    [["--hots", "a"], ["flag --hots: is unknown (hint: did you mean --host?)"]],
    [["--zebra", "a", "b"], ["flag --zebra: is unknown"]],
    [["--verbose", "--verbose"], ["flag --verbose: is given twice"]],
    [["--host", "--ports", "1"], ["flag --host: needs a value: address"]],
  ])("%j is refused", (argv, problems) => {
    expect(read(...argv).problems).toEqual(problems);
  });
});
