/** How compiling reports a problem: path, message, hint. */

import type { Path } from "#yaml/problem.ts";

/** Takes one problem. Never given a configured value that could be a secret. */
export type Report = (path: Path, message: string, hint?: string) => void;
