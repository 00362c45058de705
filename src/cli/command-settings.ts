/** Help and settings of the commands that take the flags of `serve`. */

import { loadSettings } from "#config/load.ts";
import type { Settings } from "#config/settings.ts";
import { folded } from "#terminal/folded-text.ts";
import { problemText } from "#yaml/problem.ts";
import { type Configuration, readConfiguration } from "./configuration.ts";
import { mainHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";

/** Prints the help when the flags ask for it; returns whether they did. */
export function toldHelp(
  argv: readonly string[],
  terminal: Terminal,
  help: () => string = mainHelp,
): boolean {
  if (!argv.includes("--help") && !argv.includes("-h")) return false;
  terminal.out(folded(help(), terminal.columns));
  return true;
}

/** Settings and their source; undefined when there were problems, which are reported then. */
export function configurationFrom(
  argv: readonly string[],
  terminal: Terminal,
): Configuration | undefined {
  const read = readConfiguration({ argv, ...terminal });
  if ("source" in read) return read;
  for (const problem of read.problems) terminal.err(problemText(problem));
  return undefined;
}

/** The settings from flags, environment and file; undefined when there were problems, which are reported then. */
export function settingsFrom(argv: readonly string[], terminal: Terminal): Settings | undefined {
  const loaded = loadSettings({ argv, ...terminal });
  if (loaded.ok) return loaded.settings;
  for (const problem of loaded.problems) terminal.err(problemText(problem));
  return undefined;
}
