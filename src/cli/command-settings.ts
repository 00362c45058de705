/** What the commands that take the flags of `serve` begin with: their help, their settings. */

import { loadSettings } from "#config/load.ts";
import type { Settings } from "#config/settings.ts";
import { problemText } from "#yaml/problem.ts";
import { mainHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";

/** Prints the help when the flags ask for it, and says whether they did. */
export function toldHelp(
  argv: readonly string[],
  terminal: Terminal,
  help: () => string = mainHelp,
): boolean {
  if (!argv.includes("--help") && !argv.includes("-h")) return false;
  terminal.out(help());
  return true;
}

/** The settings that flags, environment and files give; undefined once every problem of theirs is reported. */
export function settingsFrom(argv: readonly string[], terminal: Terminal): Settings | undefined {
  const loaded = loadSettings({ argv, ...terminal });
  if (loaded.ok) return loaded.settings;
  for (const problem of loaded.problems) terminal.err(problemText(problem));
  return undefined;
}
