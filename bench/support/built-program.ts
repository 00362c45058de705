/** The program as the package has it, built beside the repository's own build. */

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { folder } from "./programs.ts";

let program: string | undefined;

/** Builds it when first asked for; returns its file. */
export function builtProgram(): string {
  program ??= built();
  return program;
}

function built(): string {
  const home = join(folder, "package");
  mkdirSync(home);
  copyFileSync("package.json", join(home, "package.json"));
  for (const name of ["node_modules", "gen", "proto", "web", "models"]) {
    if (existsSync(name)) symlinkSync(resolve(name), join(home, name));
  }
  const outDir = join(home, "dist/cli");
  execFileSync("npx", ["rolldown", "-c", "rolldown.config.ts", "--dir", outDir]);
  return join(outDir, "main.js");
}
