/** A folder with a configuration file, gone at the end of the scope. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Loaded, loadSettings } from "#config/load.ts";
import type { Settings } from "#config/settings.ts";
import { problemText } from "#yaml/problem.ts";
import type { Environment } from "#yaml/source.ts";

/** Files by name; `gateway.yaml` is the one that is read. */
export class ConfigFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "polygate-config-"));

  constructor(files: Readonly<Record<string, string | Uint8Array>>) {
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(this.path, name), content);
    }
  }

  load(env: Environment = {}, argv: readonly string[] = []): Loaded {
    return loadSettings({ argv: ["--config", "gateway.yaml", ...argv], env, cwd: this.path });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** What loading one YAML text comes to. */
export function loadYaml(
  yaml: string | Uint8Array,
  env: Environment = {},
  argv: readonly string[] = [],
): Loaded {
  using folder = new ConfigFolder({ "gateway.yaml": yaml });
  return folder.load(env, argv);
}

/** The settings; throws with the problems when there are any. */
export function settingsOf(loaded: Loaded): Settings {
  if (loaded.ok) return loaded.settings;
  throw new Error(loaded.problems.map(problemText).join("\n"));
}

/** The texts of the problems; empty when it loaded. */
export function problemsOf(loaded: Loaded): readonly string[] {
  return loaded.ok ? [] : loaded.problems.map(problemText);
}
