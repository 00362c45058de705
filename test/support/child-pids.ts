/** The processes that a process has started, as Linux tells them. */

import { readdirSync, readFileSync } from "node:fs";

/** Those of `parent` whose command has `part` in it. */
export function childPids(parent: number, part: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        // After the command in brackets: state, parent.
        const [, after = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
        const [, parentPid] = after.split(" ");
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return Number(parentPid) === parent && command.includes(part);
      } catch {
        return false;
      }
    });
}
