/** The files that a Docker build may see: a folder without what its .dockerignore names. */

import { readdirSync, readFileSync } from "node:fs";
import { join, matchesGlob } from "node:path";

interface Pattern {
  readonly glob: string;
  readonly readmits: boolean;
}

/** Paths of all files of `folder` that are not ignored, relative to it, with `/` between names. */
export function contextFiles(folder: string): readonly string[] {
  const patterns = patternsIn(readFileSync(join(folder, ".dockerignore"), "utf8"));
  const walk = (under: string): string[] =>
    readdirSync(join(folder, under), { withFileTypes: true }).flatMap((entry) => {
      const path = under === "" ? entry.name : `${under}/${entry.name}`;
      if (!entry.isDirectory()) return ignored(path, patterns) ? [] : [path];
      const worthALook = patterns.some(({ glob, readmits }) => readmits && within(glob, path));
      return worthALook || !ignored(path, patterns) ? walk(path) : [];
    });
  return walk("");
}

function patternsIn(text: string): readonly Pattern[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ glob: line.replace(/^!/, ""), readmits: line.startsWith("!") }));
}

/** The last pattern that names the path, or a folder above it, decides. */
function ignored(path: string, patterns: readonly Pattern[]): boolean {
  const steps = path.split("/");
  const paths = steps.map((_, index) => steps.slice(0, index + 1).join("/"));
  const last = patterns.findLast(({ glob }) => paths.some((one) => matchesName(one, glob)));
  return last !== undefined && !last.readmits;
}

// Docker's `*` takes a leading dot too; Node's does not.
function matchesName(path: string, glob: string): boolean {
  return matchesGlob(path.replaceAll(/(^|\/)\./g, "$1_."), glob.replaceAll(/(^|\/)\./g, "$1_."));
}

function within(glob: string, folder: string): boolean {
  return glob === folder || glob.startsWith(`${folder}/`);
}
