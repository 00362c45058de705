/** What the tests of deploy/ share: programs that judge it, and the gateway's own judgement of a configuration. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type Preset, presets } from "#backends/llm/presets.ts";
import { environmentRows } from "#config/environment.ts";
import { loadSettings } from "#config/load.ts";
import type { Settings } from "#config/settings.ts";
import { problemText } from "#yaml/problem.ts";
import { programPath } from "./needs.ts";

/** Where `.ci/deploy-programs` puts what it fetches. */
const fetched = ".cache/bin";

/** Where a program is: that of `.ci/deploy-programs`, or of PATH. */
export function judge(name: string): string {
  return programPath(name, [fetched]) ?? name;
}

/** What is missing when a program is neither fetched nor installed. */
export function missingJudge(name: string): string | undefined {
  if (programPath(name, [fetched]) !== undefined) return undefined;
  return `${name} is not installed, and .ci/deploy-programs has not fetched it`;
}

/** How a program ended and what it wrote. */
export interface Judgement {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end. */
export function judged(
  command: readonly string[],
  { input, env, cwd }: { input?: string; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Judgement {
  const [name = "", ...args] = command;
  const { status, stdout, stderr, error } = spawnSync(name, args, {
    encoding: "utf8",
    ...(input === undefined ? {} : { input }),
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (error !== undefined) throw error;
  return { code: status, out: stdout, err: stderr };
}

/** Any object of YAML, as far as a test looks into it. */
// biome-ignore lint/suspicious/noExplicitAny: manifests are read at many places, each held by an assertion
export type Manifest = any;

/** The documents of a YAML text that hold something. */
export function documentsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text, { merge: true }).flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    const value: unknown = document.toJS();
    return value === null ? [] : [value];
  });
}

/** The documents of a file. */
export const documentsOf = (path: string) => documentsIn(readFileSync(path, "utf8"));

/**
 * The settings that a gateway would start with, by `polygate check`'s own rules; throws with its
 * problems. `files` are secrets by their paths in the artefact, which this machine does not have.
 */
export function settingsFor(
  yaml: string,
  env: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): Settings {
  const folder = mkdtempSync(join(tmpdir(), "polygate-deploy-"));
  try {
    let here = yaml;
    const moved: Record<string, string> = { ...env };
    for (const [index, [path, content]] of Object.entries(files).entries()) {
      const target = join(folder, `file-${index}`);
      writeFileSync(target, content);
      here = here.replaceAll(path, target);
      for (const [name, value] of Object.entries(moved)) if (value === path) moved[name] = target;
    }
    writeFileSync(join(folder, "gateway.yaml"), here);
    const { CONFIG_PATH: _, ...rest } = moved;
    const loaded = loadSettings({ argv: ["--config", "gateway.yaml"], env: rest, cwd: folder });
    if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join("\n"));
    const { warnings, unused } = loaded.settings;
    if (warnings.length > 0) throw new Error(warnings.map(problemText).join("\n"));
    if (unused.length > 0) throw new Error(`not used: ${unused.join(", ")}`);
    return loaded.settings;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A secret that production takes. */
export const strongSecret = "f3Qw9-zP0r7Lk2-Tt8vYb1-Hn5cXs4-Jm6dGa";

const variables: ReadonlySet<string> = new Set([
  "CONFIG_PATH",
  ...environmentRows.map(({ name }) => name),
  ...Object.values<Preset>(presets).flatMap(({ keyNames, baseUrlName }) => [
    ...keyNames,
    ...(baseUrlName === undefined ? [] : [baseUrlName]),
  ]),
]);

/** Whether the gateway reads a variable, or the file that it names. */
export function isVariable(name: string): boolean {
  return variables.has(name) || variables.has(name.replace(/_FILE$/, ""));
}

/** What kubeconform finds wrong with manifests; empty when nothing is. */
export function manifestProblems(manifests: string): readonly string[] {
  const location = ".cache/kubernetes-schemas/{{.ResourceKind}}{{.KindSuffix}}.json";
  const { out, err } = judged(
    [judge("kubeconform"), "-strict", "-verbose", "-output", "json", "-schema-location", location],
    { input: manifests },
  );
  const { resources } = JSON.parse(out || err) as {
    resources: readonly { kind: string; status: string; msg: string }[];
  };
  return resources.map(({ kind, status, msg }) => `${kind}: ${status} ${msg}`);
}

/** What is missing when manifests cannot be checked. */
export const missingSchemas =
  missingJudge("kubeconform") ??
  (existsSync(".cache/kubernetes-schemas/_definitions.json")
    ? undefined
    : ".ci/deploy-programs has not made .cache/kubernetes-schemas");

/** The seconds that a deployment's pods are given must hold the sleep, the drain and what ends calls. */
export function graceProblems(pod: Manifest, settings: Settings): readonly string[] {
  const [{ lifecycle }] = pod.containers;
  const needed = lifecycle.preStop.sleep.seconds + settings.drainTimeoutMs / 1000 + 5;
  const given = pod.terminationGracePeriodSeconds;
  return given >= needed ? [] : [`${given} s of grace, and ${needed} s are needed`];
}
