/** Secrets that stand in files of their own: `NAME_FILE` for the variable NAME, `${file:…}` in the configuration. */

import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { type Preset, presets } from "#backends/llm/presets.ts";
import type { Problem } from "#yaml/problem.ts";
import type { Environment } from "#yaml/source.ts";
import type { FileText } from "#yaml/substitute.ts";
import { environmentRows } from "./environment.ts";

/** Largest file, in bytes: what is larger is no secret. */
const secretBytesMax = 64 * 1024;

/** Variables that may stand in a file: those of settings, and the keys of providers. */
const names: ReadonlySet<string> = new Set([
  ...environmentRows.map(({ name }) => name),
  ...Object.values<Preset>(presets).flatMap(({ keyNames }) => keyNames),
]);
const ending = "_FILE";

/** The text of a file without the end of its last line, or why there is none. */
export function readSecret(path: string): FileText {
  const bytes = Buffer.alloc(secretBytesMax + 1);
  let length = 0;
  try {
    const descriptor = openSync(path, "r");
    try {
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        read = readSync(descriptor, bytes, length, bytes.length - length, null);
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return { ok: false, message: `the file cannot be read (${code})` };
  }
  if (length > secretBytesMax) {
    return { ok: false, message: `the file is larger than ${secretBytesMax} bytes` };
  }
  const text = bytes.toString("utf8", 0, length).replace(/\r?\n$/, "");
  return text === "" ? { ok: false, message: "the file is empty" } : { ok: true, text };
}

/** The environment with what stands in files, whose paths count from `cwd`. */
export function withSecretFiles(
  env: Environment,
  cwd: string,
): { readonly env: Environment; readonly problems: readonly Problem[] } {
  const filled: Record<string, string | undefined> = { ...env };
  const problems: Problem[] = [];
  for (const [variable, path] of Object.entries(env)) {
    const name = variable.slice(0, -ending.length);
    if (!variable.endsWith(ending) || !names.has(name) || !path) continue;
    const where = `environment ${variable}`;
    const read = readSecret(resolve(cwd, path));
    if (env[name]) {
      const hint = "keep one of them";
      problems.push({ where, path: "", message: `cannot be combined with ${name}`, hint });
    } else if (read.ok) filled[name] = read.text;
    else problems.push({ where, path: "", message: read.message });
  }
  return { env: filled, problems };
}
