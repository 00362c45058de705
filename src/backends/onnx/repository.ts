/** The folder of models: which there are, their versions, and what model.yaml says of them. */

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "#errors/fault.ts";
import type { ModelSpec } from "#inference/model-spec.ts";
import { parseModelYaml, plainSpec } from "./model-yaml.ts";

/** A model as it lies in the repository. */
export interface ModelFolder {
  readonly spec: ModelSpec;
  /** Versions that have a model.onnx, the newest last; never empty. */
  readonly versions: readonly string[];
}

/** Reads models from a folder; nothing is cached, and no name leads out of the folder. */
export interface ModelRepository {
  /** Names of all models, sorted, the broken ones too. Throws MODEL_LOAD_FAILED without the folder. */
  names(): Promise<string[]>;
  /** Throws MODEL_UNKNOWN when there is no such model, MODEL_LOAD_FAILED when it is broken. */
  read(name: string): Promise<ModelFolder>;
  /** Path of a version's model.onnx; both must come from `names` and `read`. */
  file(name: string, version: string): string;
}

const namePattern = /^[A-Za-z0-9][\w.-]*$/;
const versionPattern = /^\d{1,15}$/;

/** The repository in the folder `root`. */
export function modelRepository(root: string): ModelRepository {
  const file = (name: string, version: string) => join(root, name, version, "model.onnx");

  async function versionsOf(name: string): Promise<string[]> {
    const numbers = (await listed(join(root, name))).filter((entry) => versionPattern.test(entry));
    const present = await Promise.all(numbers.map((version) => isFile(file(name, version))));
    return numbers.filter((_, at) => present[at]).sort((a, b) => Number(a) - Number(b));
  }

  async function isModel(name: string): Promise<boolean> {
    if (!namePattern.test(name)) return false;
    const [hasYaml, versions] = await Promise.all([
      isFile(join(root, name, "model.yaml")),
      versionsOf(name),
    ]);
    return hasYaml || versions.length > 0;
  }

  async function specOf(name: string): Promise<ModelSpec> {
    const yaml = await textOf(join(root, name, "model.yaml"));
    if (yaml === undefined) return plainSpec;
    const { spec, labelsFile } = parseModelYaml(yaml);
    if (labelsFile === undefined) return spec;
    const labels = labelLines(await textOf(join(root, name, labelsFile)));
    return { ...spec, labels };
  }

  return {
    file,
    async names() {
      const entries = await readdir(root).catch((cause: unknown) => {
        throw fault("MODEL_LOAD_FAILED", "the model repository cannot be read", { cause });
      });
      const found = await Promise.all(entries.map(isModel));
      return entries.filter((_, at) => found[at]).sort();
    },
    async read(name) {
      if (!(await isModel(name))) throw fault("MODEL_UNKNOWN", `no model named "${name}"`);
      const spec = await specOf(name);
      const versions = await versionsOf(name);
      if (versions.length > 0) return { spec, versions };
      throw fault("MODEL_LOAD_FAILED", "no version: a folder named by a number with a model.onnx");
    },
  };
}

async function listed(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Absent when there is no such file; other trouble is told without the path. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw fault("MODEL_LOAD_FAILED", "a file of the model cannot be read", { cause });
  }
}

/** One label a line. A blank line would shift all that follow, so there may be none but the last. */
function labelLines(text: string | undefined): string[] {
  const lines = (text ?? "")
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.trim());
  const blank = lines.indexOf("");
  if (blank === -1) return lines;
  const problem = text === undefined ? "no such file" : `line ${blank + 1} is blank`;
  throw fault("MODEL_LOAD_FAILED", `model.yaml: labels_file: ${problem}`);
}
