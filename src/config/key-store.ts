/** The setting `auth.key_store`: where keys are kept that are made while the gateway runs. */

import { dirname, resolve } from "node:path";
import { z } from "zod";
import { readOnce } from "#yaml/read-once.ts";
import { duration, text, textThat } from "#yaml/scalar.ts";
import { isPostgresUrl } from "./address.ts";
import type { CompileContext } from "./compile-context.ts";
import type { Report } from "./report.ts";
import type { KeyStoreSettings } from "./settings.ts";

const outageDefault = "5m";

const keyStore = z.strictObject({
  path: text()
    .optional()
    .describe(
      "SQLite file that keeps keys and usage, relative to the configuration file's folder; gateways of one machine may share it.",
    ),
  url: textThat("an address such as postgres://user@host/database", isPostgresUrl)
    .optional()
    .describe(
      "PostgreSQL database that keeps keys and usage of several gateways, in place of `path`; that of `history.url` when neither is named.",
    ),
  outage: duration("24h")
    .prefault(outageDefault)
    .describe(
      "How long known keys go on while it cannot be asked; what was revoked elsewhere is not seen meanwhile. Then they are refused with 503.",
    ),
});

/** The setting of the file. */
export const keyStoreSetting = () =>
  keyStore
    .optional()
    .describe(
      "Keys that are made, rotated and revoked while the gateway runs, by `polygate keys`.",
    );

type FileKeyStore = z.output<typeof keyStore> | undefined;

/** In a file, in a database of its own, or in that of the history; nowhere: keys are those of the settings. */
export function keyStoreFrom(
  written: FileKeyStore,
  historyUrl: string | undefined,
  { folder, isReadable }: CompileContext,
  report: Report,
): { readonly keyStore?: KeyStoreSettings } {
  const { path, outage: outageMs } = written ?? keyStore.parse({}, readOnce);
  const url = written?.url ?? (path === undefined ? historyUrl : undefined);
  const at = ["auth", "key_store"];
  if (path !== undefined && url !== undefined) {
    report([...at, "url"], "cannot be combined with `auth.key_store.path`", "keep one of them");
  }
  if (url !== undefined) return { keyStore: { url, outageMs } };
  if (path !== undefined) {
    const file = resolve(folder, path);
    if (!isReadable(dirname(file))) report([...at, "path"], "is in a folder that is not there");
    return { keyStore: { path: file, outageMs } };
  }
  if (written !== undefined) report(at, "names no place", "set auth.key_store.path or .url");
  return {};
}
