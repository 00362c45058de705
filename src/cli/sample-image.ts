/** Finds an image to try a model with: one of the examples in the model's folder. */

import { globSync } from "node:fs";
import { join, relative } from "node:path";
import type { BannerFacts } from "./banner.ts";

/** The last example of the last model, in the order of names; its path is relative to `cwd`. */
export function sampleImage(repositoryPath: string, cwd: string): BannerFacts["sample"] {
  const [found] = globSync("*/examples/*.{png,jpg,jpeg}", { cwd: repositoryPath }).sort((a, b) =>
    b.localeCompare(a),
  );
  if (found === undefined) return undefined;
  const [model = ""] = found.split("/");
  return { model, image: relative(cwd, join(repositoryPath, found)) };
}
