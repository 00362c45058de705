/** The section `reload`: when the configuration is read again. */

import { z } from "zod";
import { flag } from "#yaml/scalar.ts";
import { boolean, type EnvironmentRow } from "./environment-row.ts";

/** The section of the file. */
export const reload = z.strictObject({
  watch: flag()
    .prefault(true)
    .describe(
      "Read the configuration again when its file, or a file with a secret, a certificate or a key that it names, has changed. SIGHUP and `polygate config reload` do so in any case.",
    ),
});

/** Environment names of the section. */
export const reloadRows: readonly EnvironmentRow[] = [
  { name: "RELOAD_WATCH", path: ["reload", "watch"], value: boolean },
];
