/** `polygate version`: the package's name and version, and the Node that runs it. */

import packageJson from "#package.json" with { type: "json" };
import type { Terminal } from "./terminal.ts";

/** Version of this package, such as 0.1.0. */
export const packageVersion: string = packageJson.version;

/** Prints one line; returns the exit code. */
export function version(terminal: Terminal): number {
  terminal.out(`polygate ${packageVersion} (node ${process.versions.node})`);
  return 0;
}
