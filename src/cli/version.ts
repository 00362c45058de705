/** `polygate version`: the package's name and version, and the Node that runs it. */

import { packageVersion } from "#core/version.ts";
import type { Terminal } from "./terminal.ts";

/** Prints one line; returns the exit code. */
export function version(terminal: Terminal): number {
  terminal.out(`polygate ${packageVersion} (node ${process.versions.node})`);
  return 0;
}
