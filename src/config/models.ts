/** The section `models`: models that run in this process. */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { packageFile } from "#core/package-file.ts";
import { durationOrNone, text, wholeNumber } from "#yaml/scalar.ts";
import type { CompileContext } from "./compile-context.ts";
import type { Report } from "./report.ts";
import type { OnnxSettings } from "./settings.ts";

/** The section of the file. */
export const models = z.strictObject({
  path: text()
    .optional()
    .describe(
      "Model repository; relative to the configuration file's folder. The models that ship with the package when absent.",
    ),
  workers: wholeNumber(1, 256)
    .optional()
    .describe(
      "Threads that run models; one less than the machine has CPUs, at most 4, when absent.",
    ),
  queue_max: wholeNumber(1, 100_000)
    .prefault(256)
    .describe(
      "Rows of one model that may wait for a worker, and images that may wait to be decoded.",
    ),
  watch: durationOrNone("1h")
    .prefault("5s")
    .describe(
      "How often the repository is looked at for models that are new, changed or gone; 0 for never.",
    ),
});

type FileModels = z.output<typeof models>;

/** The models that ship with the package. */
const ownModels = fileURLToPath(packageFile("models"));

/** Where the models are, and what runs them. */
export function onnxFrom(
  { path, workers, queue_max: queueMax, watch: watchMs }: FileModels,
  { folder, isReadable, cpus }: CompileContext,
  report: Report,
): OnnxSettings {
  const repositoryPath = path === undefined ? ownModels : resolve(folder, path);
  if (path !== undefined && !isReadable(repositoryPath)) {
    report(["models", "path"], "cannot be read");
  }
  const workersDefault = Math.max(1, Math.min(4, cpus - 1));
  return { repositoryPath, workers: workers ?? workersDefault, queueMax, watchMs };
}
