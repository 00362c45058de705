/** The folder of models: which there are, their versions, and what model.yaml says of them. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "#errors/fault.ts";
import type { ModelSpec } from "#inference/model-spec.ts";
import { type FolderFindings, findingsIn, isOnnx, modelFile } from "./model-folder.ts";
import { parseModelYaml, plainSpec } from "./model-yaml.ts";

/** A model as it lies in the repository. */
export interface ModelFolder {
  readonly spec: ModelSpec;
  /** Versions that have a model.onnx, the newest last; never empty. */
  readonly versions: readonly string[];
}

/** Something in the repository that looks like a model, or a version of one, and is not read. */
export interface Stray {
  /** Name of the folder or file. */
  readonly name: string;
  /** Why, and what to do. */
  readonly problem: string;
}

/** What a repository holds. */
export interface Survey {
  /** Names of all models, sorted, the broken ones too. */
  readonly names: readonly string[];
  readonly strays: readonly Stray[];
}

/** Reads models from a folder; nothing is cached, and no name leads out of the folder. */
export interface ModelRepository {
  /** Throws MODEL_LOAD_FAILED without the folder. */
  survey(): Promise<Survey>;
  /** Whether there is something of this name. Throws MODEL_LOAD_FAILED without the folder. */
  has(name: string): Promise<boolean>;
  /** Throws MODEL_UNKNOWN when there is no such model, MODEL_LOAD_FAILED when it is broken. */
  read(name: string): Promise<ModelFolder>;
  /** Path of a version's model.onnx; both must come from `survey` and `read`. */
  file(name: string, version: string): string;
}

const namePattern = /^[A-Za-z0-9][\w.-]*$/;
const nameRule =
  "a model's name is letters, digits, `.`, `_` and `-`, the first one a letter or digit";

/** A folder counts as a model when it has a model.yaml, a version, or else an .onnx file. */
function isModel({ versions, hasYaml, hasOnnx }: FolderFindings): boolean {
  return hasYaml || hasOnnx || versions.length > 0;
}

/** The repository in the folder `root`. */
export function modelRepository(root: string): ModelRepository {
  const entries = () =>
    readdir(root).catch((cause: unknown) => {
      throw fault("MODEL_LOAD_FAILED", "the model repository cannot be read", { cause });
    });

  function strayOf(name: string, findings: FolderFindings): Stray | undefined {
    if (isOnnx(name)) {
      const model = name.slice(0, -".onnx".length);
      return { name, problem: `a model is a folder: move it to ${model}/1/${modelFile}` };
    }
    if (isModel(findings) && !namePattern.test(name))
      return { name, problem: `${nameRule}: rename it` };
    const { versions, problem } = findings;
    // A model without a version fails for the same reason, and is listed with it.
    const isFailed = isModel(findings) && versions.length === 0;
    return problem === undefined || isFailed ? undefined : { name, problem };
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
    file: (name, version) => join(root, name, version, modelFile),
    async survey() {
      const names: string[] = [];
      const strays: Stray[] = [];
      for (const name of (await entries()).sort()) {
        if (name.startsWith(".")) continue;
        const findings = await findingsIn(join(root, name));
        if (namePattern.test(name) && isModel(findings)) names.push(name);
        const stray = strayOf(name, findings);
        if (stray !== undefined) strays.push(stray);
      }
      return { names, strays };
    },
    async has(name) {
      return (await entries()).includes(name);
    },
    async read(name) {
      const findings = namePattern.test(name) ? await findingsIn(join(root, name)) : undefined;
      const because = findings?.problem === undefined ? "" : `: ${findings.problem}`;
      if (findings === undefined || !isModel(findings)) {
        throw fault("MODEL_UNKNOWN", `no model named "${name}"${because}`);
      }
      const spec = await specOf(name);
      const { versions } = findings;
      if (versions.length > 0) return { spec, versions };
      throw fault("MODEL_LOAD_FAILED", `no version${because || `: ${versionRule}`}`);
    },
  };
}

const versionRule = `a folder named by a number with a ${modelFile}`;

/** Absent when there is no such file; other trouble is reported without the path. */
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
