/** The section `history`: what providers and models did, over time. */

import { dirname, resolve } from "node:path";
import { z } from "zod";
import { duration, durationOrNone, text, textThat } from "#yaml/scalar.ts";
import { isPostgresUrl } from "./address.ts";
import type { CompileContext } from "./compile-context.ts";
import type { EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";
import type { HistorySettings } from "./settings.ts";

/** The section of the file. */
export const history = z.strictObject({
  path: text()
    .optional()
    .describe(
      "SQLite file that keeps the history over restarts, relative to the configuration file's folder; in memory alone when absent.",
    ),
  url: textThat("an address such as postgres://user@host/database", isPostgresUrl)
    .optional()
    .describe(
      "PostgreSQL database that keeps the history, of several gateways together, in place of `path`; its tables are made at the start.",
    ),
  retention: duration("3650d").prefault("30d").describe("How long sums by the hour are kept."),
  cache_ttl: durationOrNone("1h")
    .prefault("5s")
    .describe("How long the sums of the last hours are reused before they are computed again."),
});

type FileHistory = z.output<typeof history>;

/** Environment names of the section. */
export const historyRows: readonly EnvironmentRow[] = [
  { name: "DATABASE_URL", path: ["history", "url"] },
];

/** In a database, in a file, or in memory alone. */
export function historyFrom(
  { path, url, retention, cache_ttl }: FileHistory,
  { folder, isReadable }: CompileContext,
  report: Report,
): HistorySettings {
  const times = { retentionMs: retention, cacheTtlMs: cache_ttl };
  if (path !== undefined && url !== undefined) {
    report(["history", "url"], "cannot be combined with `history.path`", "keep one of them");
  }
  if (url !== undefined) return { url, ...times };
  if (path === undefined) return times;
  const file = resolve(folder, path);
  if (!isReadable(dirname(file))) report(["history", "path"], "is in a folder that is not there");
  return { path: file, ...times };
}
