/** `polygate migrate`: makes or changes the tables of the database, as the gateway does at its start. */

import { settingsFrom, toldHelp } from "./command-settings.ts";
import { settingsHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";

/** Takes the flags of `serve`. Returns the exit code: 1 when there is no database, or it cannot be used. */
export async function migrate(argv: readonly string[], terminal: Terminal): Promise<number> {
  if (toldHelp(argv, terminal, () => settingsHelp("migrate", []))) return 0;
  const settings = settingsFrom(argv, terminal);
  if (settings === undefined) return 1;
  const { history, keyStore } = settings;
  const urls = new Map([
    ...(keyStore?.url === undefined ? [] : [[keyStore.url, "auth.key_store.url"] as const]),
    ...(history.url === undefined ? [] : [[history.url, "history.url"] as const]),
  ]);
  if (urls.size === 0) {
    terminal.err("no database to migrate: set DATABASE_URL or history.url");
    return 1;
  }
  const { migrateDatabase } = await import("#store/postgres-migrate.ts");
  for (const [url, setting] of urls) {
    try {
      const applied = await migrateDatabase(url);
      const what = applied.length === 0 ? "nothing to do" : applied.join(", ");
      terminal.out(`database migrated: ${what}`);
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : "unknown error";
      terminal.err(`${setting}: the database cannot be used: ${message}`);
      return 1;
    }
  }
  return 0;
}
