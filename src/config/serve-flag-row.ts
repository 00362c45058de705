/** A flag of `polygate serve` and the setting that it sets. */

import type { Path } from "#yaml/problem.ts";
import type { FlagRow } from "./flags.ts";

/** A flag of `serve` and the setting that it sets. */
export interface SettingFlagRow extends FlagRow {
  /** Absent for flags that set nothing. */
  readonly path?: Path;
  /** The environment name for the same setting. */
  readonly environment?: string;
  /** The default, where the schema has none. */
  readonly fallback?: string;
}
