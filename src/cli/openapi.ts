/** `polygate openapi`: prints the document that a gateway with this configuration serves. */

import type { JsonObject } from "@bufbuild/protobuf";
import { loadSettings } from "#config/load.ts";
import { problemText } from "#config/problem.ts";
import type { Settings } from "#config/settings.ts";
import { mainHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";

/** Takes the flags of `serve`. Returns the exit code: 1 when the configuration has problems. */
export async function openapi(
  argv: readonly string[],
  terminal: Terminal,
  write: (settings: Settings) => Promise<JsonObject>,
): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) {
    terminal.out(mainHelp());
    return 0;
  }
  const loaded = loadSettings({ argv, env: terminal.env, cwd: terminal.cwd });
  if (!loaded.ok) {
    for (const problem of loaded.problems) terminal.err(problemText(problem));
    return 1;
  }
  terminal.out(JSON.stringify(await write(loaded.settings), undefined, 2));
  return 0;
}
