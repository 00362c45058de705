/** What a newcomer adds most often touches three files at most outside of its own room, and CONTRIBUTING.md names them. */

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sourceFiles } from "../support/floor-plan.ts";

const guide = readFileSync("CONTRIBUTING.md", "utf8");
const rows = guide
  .split("\n")
  .filter((line) => /^\| a (?:provider|surface|setting)/.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()));

const filesIn = (cell = "") => [...cell.matchAll(/`([\w./-]+)`/g)].map(([, file = ""]) => file);

test("the guide has a row for each of them, and the files that it names are there", () => {
  expect(rows.map(([, addition]) => addition)).toEqual([
    "a provider that speaks a known dialect",
    "a provider with a dialect of its own",
    "a surface",
    "a setting",
  ]);
  for (const [, addition, own, outside] of rows) {
    const named = [...filesIn(own), ...filesIn(outside)];
    expect(named.filter((file) => !existsSync(file))).toEqual([]);
    expect(filesIn(outside).length, addition).toBeLessThanOrEqual(3);
  }
});

/** Source files that name something, outside of the rooms and files given. */
function naming(word: RegExp, own: readonly string[]): readonly string[] {
  return sourceFiles().filter(
    (file) => !own.some((part) => file.startsWith(part)) && word.test(readFileSync(file, "utf8")),
  );
}

describe("what is there was added in that way:", () => {
  test("a provider of a known dialect is in the table of presets alone", () => {
    expect(naming(/^(?!\s*\/\/).*openrouter/im, [])).toEqual(["src/backends/llm/presets.ts"]);
  });

  test("a dialect is in its room, and in the three files that its row names", () => {
    const [, , , outside] = rows[1] ?? [];
    // What clients speak is the matter of surfaces, which ollama is none of.
    const found = naming(/"ollama"|\bollama:/, ["src/dialects/"]);
    expect(found.filter((file) => !filesIn(outside).includes(file))).toEqual([]);
  });

  test("a surface is in its room, its dialect's, and in the files that its row names", () => {
    const [, , , outside] = rows[2] ?? [];
    const found = naming(/"gemini"|\bgemini:/, [
      "src/surfaces/",
      "src/dialects/",
      "src/backends/",
      "src/config/providers.ts",
    ]);
    expect(found.filter((file) => !filesIn(outside).includes(file))).toEqual([]);
  });

  test("a setting is in its section, in what reads it, and where the two are put together", () => {
    const found = naming(/cache_ttl|cacheTtlMs/, ["src/config/"]);
    expect(found).toEqual([
      "src/records.ts",
      "src/services/forecast.ts",
      "src/services/performance.ts",
    ]);
  });
});
