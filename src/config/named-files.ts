/** The files that settings name besides those with secrets: certificates, keys, accounts. Pure. */

import { resolve } from "node:path";
import type { Draft } from "#yaml/draft.ts";
import type { Environment } from "#yaml/source.ts";

/** A file that a setting names. */
export interface NamedFile {
  /** Absolute. */
  readonly path: string;
  /** A listener reads it, and nothing else. */
  readonly isListeners: boolean;
}

/** Files of settings whose keys end in `_file`, and the account that Google's tools read. */
export function namedFiles(
  draft: Draft,
  { folder, env }: { readonly folder: string; readonly env: Environment },
): readonly NamedFile[] {
  const files: NamedFile[] = [];
  const walk = (value: unknown, key: string, isListeners: boolean) => {
    if (typeof value === "string" && key.endsWith("_file")) {
      files.push({ path: resolve(folder, value), isListeners });
    } else if (typeof value === "object" && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        walk(inner, name, isListeners || (value === draft.root && name === "listeners"));
      }
    }
  };
  walk(draft.root, "", false);
  const { GOOGLE_APPLICATION_CREDENTIALS: account } = env;
  if (account) files.push({ path: resolve(folder, account), isListeners: false });
  return files;
}
