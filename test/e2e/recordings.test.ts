/**
 * The recordings of docs/cli.md are what the commands print now; only their figures may differ, and the
 * width of the columns that these stand in. `npm run record` writes them anew.
 */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { missingProgram, testWith } from "../support/needs.ts";
import { recorded, recordedPage } from "../support/recordings.ts";

/** A page without what another moment or machine would print otherwise. */
function shapeOf(page: string): readonly string[] {
  return page.split("\n").map((line) =>
    line
      .replaceAll(/pg_live_\w+/g, "pg_live_")
      .replaceAll(/key_\w+/g, "key_")
      .replaceAll(/(?:\d+ (?:h|min) )*\d[\d.]* (?:ms|s|min)\b/g, "0")
      .replaceAll(/\d[\d.,]*/g, "0")
      .replaceAll(/[ ─-]+/g, " ")
      .trim(),
  );
}

testWith(missingProgram("tmux"))(
  "each recorded command prints what its page says",
  async () => {
    expect(shapeOf(await recorded())).toEqual(shapeOf(readFileSync(recordedPage, "utf8")));
  },
  300_000,
);

test("figures are no difference, words are", () => {
  expect(shapeOf("3.png   3  100.0%  785 ms")).toEqual(shapeOf("3.png  3   99.5%  1,024 ms"));
  expect(shapeOf("seven 99 %")).not.toEqual(shapeOf("six 99 %"));
});
