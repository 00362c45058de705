/** Secrets that stand in files of their own: `NAME_FILE` for the variable NAME, `${file:…}` and `${credential:…}` in the configuration. */

import { join, resolve } from "node:path";
import { type Preset, presets } from "#backends/llm/presets.ts";
import { type Reading, readAtMost, readFailureOf } from "#core/read-file.ts";
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

/** Where systemd puts what a unit's `LoadCredential=` names. */
const credentialsVariable = "CREDENTIALS_DIRECTORY";

/** A path that is shown as it was written; a variable's must be one beyond doubt, and no secret in its place. */
const writtenPath = /^[^\p{Cc}]{1,256}$/u;
const plainPath = /^(\.{0,2}\/)[^\p{Cc}]{1,255}$/u;

/** What reads secrets, and knows which files it has read. */
export class SecretFiles {
  /** Absolute paths of the files that were asked for, those that could not be read included. */
  readonly paths = new Set<string>();
  readonly #env: Environment;
  readonly #reading: Reading;

  constructor(env: Environment, reading: Reading) {
    this.#env = env;
    this.#reading = reading;
  }

  /** The text of a file without the end of its last line, or why there is none. */
  read(path: string, shown = path): FileText {
    this.paths.add(path);
    const file = `the file ${writtenPath.test(shown) ? shown : "that it names"}`;
    let bytes: Buffer;
    try {
      bytes = readAtMost(path, secretBytesMax + 1, this.#reading);
    } catch (thrown) {
      return { ok: false, message: `${file} cannot be read (${readFailureOf(thrown)})` };
    }
    if (bytes.length > secretBytesMax) {
      return { ok: false, message: `${file} is larger than ${secretBytesMax} bytes` };
    }
    const text = bytes.toString("utf8").replace(/\r?\n$/, "");
    return text === "" ? { ok: false, message: `${file} is empty` } : { ok: true, text };
  }

  /** The text of one of systemd's credentials. */
  readCredential(name: string): FileText {
    const folder = this.#env[credentialsVariable];
    if (!/^[\w.@-]{1,255}$/.test(name) || name.startsWith(".")) {
      return { ok: false, message: "`credential:` takes the name of a credential, not a path" };
    }
    if (!folder) {
      const message = `${credentialsVariable} is not set, as systemd does for LoadCredential=`;
      return { ok: false, message };
    }
    return this.read(resolve(folder, name), join(`$${credentialsVariable}`, name));
  }
}

/** The environment, and what of it stood in files. */
export interface FilledEnvironment {
  readonly env: Environment;
  readonly problems: readonly Problem[];
  /** The variable that named the file, by the variable whose value was in it. */
  readonly filled: ReadonlyMap<string, string>;
}

/** The environment with what stands in files, whose paths count from `cwd`. */
export function withSecretFiles(
  env: Environment,
  cwd: string,
  files: Pick<SecretFiles, "read">,
): FilledEnvironment {
  const all: Record<string, string | undefined> = { ...env };
  const problems: Problem[] = [];
  const filled = new Map<string, string>();
  for (const [variable, path] of Object.entries(env)) {
    const name = variable.slice(0, -ending.length);
    if (!variable.endsWith(ending) || !names.has(name) || !path) continue;
    const where = `environment ${variable}`;
    const read = files.read(resolve(cwd, path), plainPath.test(path) ? path : "");
    if (env[name]) {
      const hint = "keep one of them";
      problems.push({ where, path: "", message: `cannot be combined with ${name}`, hint });
    } else if (read.ok) {
      all[name] = read.text;
      filled.set(name, variable);
    } else problems.push({ where, path: "", message: read.message });
  }
  return { env: all, problems, filled };
}
