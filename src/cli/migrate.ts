/** `polygate migrate`: makes or changes the tables of the database, as the gateway does at its start. */

import { settingsFrom, toldHelp } from "./command-settings.ts";
import { settingsHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";

/** Takes the flags of `serve`. Returns the exit code: 1 when there is no database, or it cannot be used. */
export async function migrate(argv: readonly string[], terminal: Terminal): Promise<number> {
  if (toldHelp(argv, terminal, () => settingsHelp("migrate", []))) return 0;
  const settings = settingsFrom(argv, terminal);
  if (settings === undefined) return 1;
  const { url } = settings.history;
  if (url === undefined) {
    terminal.err("no database to migrate: set DATABASE_URL or history.url");
    return 1;
  }
  const { migrateDatabase } = await import("#store/postgres-migrate.ts");
  try {
    const applied = await migrateDatabase(url);
    const what = applied.length === 0 ? "nothing to do" : applied.join(", ");
    terminal.out(`database migrated: ${what}`);
    return 0;
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : "unknown error";
    terminal.err(`history.url: the database cannot be used: ${message}`);
    return 1;
  }
}
