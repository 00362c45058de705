/**
 * Tests that need something of the machine. Where it is missing they are skipped and say why; in CI
 * they fail, because a suite that leaves tests out unseen is green for the wrong reason.
 */

import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, test } from "vitest";

/** What becomes of a test. */
export type Fate = "run" | "skip" | "fail";

/** `missing` says what is not there; `ci` is the variable CI. */
export function fateOf(missing: string | undefined, ci: string | undefined): Fate {
  if (missing === undefined) return "run";
  return ci === undefined || ["", "0", "false"].includes(ci) ? "skip" : "fail";
}

/** `test`, when nothing is missing. */
export function testWith(missing: string | undefined): typeof test | typeof test.skip {
  const fate = fateOf(missing, process.env.CI);
  if (fate === "run") return test;
  if (fate === "fail") return ((name: string) => void test(name, refuse(missing))) as typeof test;
  console.log(`skipped: ${missing}`);
  return test.skip;
}

/** `describe`, when nothing is missing. */
export function describeWith(missing: string | undefined): typeof describe | typeof describe.skip {
  const fate = fateOf(missing, process.env.CI);
  if (fate === "run") return describe;
  if (fate === "fail") {
    return ((name: string) =>
      describe(name, () => void test("is not left out", refuse(missing)))) as typeof describe;
  }
  console.log(`skipped: ${missing}`);
  return describe.skip;
}

function refuse(missing: string | undefined): () => never {
  return () => {
    throw new Error(`${missing}; in CI no test is left out`);
  };
}

/** The path of a program of PATH or `more` folders. */
export function programPath(name: string, more: readonly string[] = []): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...more];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** What is missing when a program of PATH is not there. */
export function missingProgram(name: string): string | undefined {
  return programPath(name) === undefined ? `${name} is not installed` : undefined;
}

/** The Python that tests use; PYTHON names another. */
export const python = process.env.PYTHON ?? "python3";

/** What is missing when Python lacks a package, also in a folder of more of them, or is not there. */
export function missingPythonPackage(name: string, folder = ""): string | undefined {
  const env = { ...process.env, PYTHONPATH: folder };
  const found = spawnSync(python, ["-c", `import ${name}`], { env }).status === 0;
  return found ? undefined : `Python with the package ${name} is not installed`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
