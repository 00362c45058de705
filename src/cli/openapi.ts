/** `polygate openapi`: prints the document that a gateway with this configuration serves. */

import type { JsonObject } from "@bufbuild/protobuf";
import type { Settings } from "#config/settings.ts";
import { settingsFrom, toldHelp } from "./command-settings.ts";
import type { Terminal } from "./terminal.ts";

/** Takes the flags of `serve`. Returns the exit code: 1 when the configuration has problems. */
export async function openapi(
  argv: readonly string[],
  terminal: Terminal,
  write: (settings: Settings) => Promise<JsonObject>,
): Promise<number> {
  if (toldHelp(argv, terminal)) return 0;
  const settings = settingsFrom(argv, terminal);
  if (settings === undefined) return 1;
  terminal.out(JSON.stringify(await write(settings), undefined, 2));
  return 0;
}
