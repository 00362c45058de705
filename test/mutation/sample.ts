/** A part of a room that stands for all of it: runs of lines, the same each time. */

import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";

/** Lines that stay together, so that a change which spans some can be made. */
const runLines = 12;

/** About `linesMax` lines of the files, as `mutate` has them: those runs whose names hash lowest. */
export function sampleOf(glob: string, linesMax: number): string[] {
  const runs = globSync(glob)
    .sort()
    .flatMap((file) => {
      const lines = readFileSync(file, "utf8").split("\n").length;
      return Array.from({ length: Math.ceil(lines / runLines) }, (_, index) => {
        const first = index * runLines + 1;
        return `${file}:${first}-${Math.min(lines, first + runLines - 1)}`;
      });
    });
  const rank = (run: string) => createHash("sha256").update(run).digest("hex");
  return runs
    .map((run) => ({ run, rank: rank(run) }))
    .sort((left, right) => (left.rank < right.rank ? -1 : 1))
    .slice(0, Math.ceil(linesMax / runLines))
    .map(({ run }) => run);
}
