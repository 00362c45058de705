/** The folder of models: which there are, their versions, and what model.yaml says of them. */

import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "#errors/fault.ts";
import { sourceBytesMax } from "#yaml/source.ts";
import { folderStamp } from "./file-stamps.ts";
import { type FolderFindings, findingsIn, isOnnx, modelFile } from "./model-folder.ts";
import { type ModelYaml, parseModelYaml, plainYaml, yamlFault, yamlFile } from "./model-yaml.ts";
import { onnxMetadata } from "./onnx-metadata.ts";
import { absentVersions } from "./serving-plan.ts";

/** A model as it lies in the repository. */
export interface ModelFolder extends ModelYaml {
  /** Versions that have a model.onnx, the newest last; never empty. */
  readonly versions: readonly string[];
  /** Of each version: changes when a file of it changes, or one next to the versions. */
  readonly stamps: ReadonlyMap<string, string>;
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
  /** What a version's file says of itself. Throws MODEL_LOAD_FAILED when it cannot be read. */
  metadata(name: string, version: string): Promise<Readonly<Record<string, string>>>;
  /** The tokenizer next to the versions, or in the version's own folder; undefined where there is none. */
  tokenizer(name: string, version: string): Promise<string | undefined>;
  /** Changes when anything of the model does. */
  stamp(name: string): Promise<string>;
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

  async function yamlOf(name: string): Promise<ModelYaml> {
    const bytes = await bytesOf(join(root, name, yamlFile), sourceBytesMax + 1);
    if (bytes === undefined) return plainYaml;
    const yaml = parseModelYaml(bytes);
    const { labelsFile, spec, draft } = yaml;
    if (labelsFile === undefined) return yaml;
    const lines = labelLines(await bytesOf(join(root, name, labelsFile), labelBytesMax + 1));
    if (lines.problem === undefined) return { ...yaml, spec: { ...spec, labels: lines.labels } };
    throw yamlFault([{ path: ["labels_file"], message: lines.problem }], draft);
  }

  async function stampsOf(name: string, versions: readonly string[]) {
    const own = await folderStamp(join(root, name));
    const stamp = async (version: string) => {
      const files = await folderStamp(join(root, name, version));
      return [version, `${own}|${files}`] as const;
    };
    return new Map(await Promise.all(versions.map(stamp)));
  }

  return {
    file: (name, version) => join(root, name, version, modelFile),
    async metadata(name, version) {
      return await withFile(join(root, name, version, modelFile), (file) =>
        onnxMetadata((offset, length) => readAt(file, offset, length)),
      );
    },
    async tokenizer(name, version) {
      for (const folder of [join(root, name, version), join(root, name)]) {
        const bytes = await bytesOf(join(folder, tokenizerFile), tokenizerBytesMax + 1);
        if (bytes === undefined) continue;
        if (bytes.length <= tokenizerBytesMax) return new TextDecoder().decode(bytes);
        const problem = `${tokenizerFile} is larger than ${tokenizerBytesMax} bytes`;
        throw fault("MODEL_LOAD_FAILED", problem);
      }
      return undefined;
    },
    async stamp(name) {
      const { versions } = await findingsIn(join(root, name));
      return JSON.stringify([...(await stampsOf(name, versions))]);
    },
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
      const yaml = await yamlOf(name);
      const { versions } = findings;
      if (versions.length === 0) {
        throw fault("MODEL_LOAD_FAILED", `no version${because || `: ${versionRule}`}`);
      }
      const absent = absentVersions(versions, yaml.plan).map(({ path, version }) => ({
        path,
        message: `there is no version ${version}, there is ${versions.join(", ")}`,
      }));
      if (absent.length > 0) throw yamlFault(absent, yaml.draft);
      return { ...yaml, versions, stamps: await stampsOf(name, versions) };
    },
  };
}

const versionRule = `a folder named by a number with a ${modelFile}`;

const tokenizerFile = "tokenizer.json";
/** Largest tokenizer that is read; those of many languages have 17 MB. */
const tokenizerBytesMax = 64_000_000;
/** Largest file of labels that is read. */
const labelBytesMax = 4_000_000;

/** At most so many first bytes; undefined without such a file. Other failures are reported without the path. */
async function bytesOf(path: string, bytesMax: number): Promise<Uint8Array | undefined> {
  try {
    return await withFile(path, async (file) => {
      const { size } = await file.stat();
      return await readAt(file, 0, Math.min(size, bytesMax));
    });
  } catch (error) {
    const { cause } = error as Error;
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw error;
  }
}

async function withFile<T>(path: string, read: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    await using file = await open(path);
    return await read(file);
  } catch (cause) {
    throw fault("MODEL_LOAD_FAILED", "a file of the model cannot be read", { cause });
  }
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.subarray(0, bytesRead);
}

/** One label a line. A blank line would shift all that follow, so there may be none but the last. */
function labelLines(bytes: Uint8Array | undefined): {
  readonly labels: readonly string[];
  readonly problem?: string;
} {
  if (bytes === undefined) return { labels: [], problem: "names a file that is not there" };
  if (bytes.length > labelBytesMax) {
    return { labels: [], problem: `names a file of more than ${labelBytesMax} bytes` };
  }
  const labels = new TextDecoder()
    .decode(bytes)
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.trim());
  const blank = labels.indexOf("");
  return blank === -1
    ? { labels }
    : { labels, problem: `names a file whose line ${blank + 1} is blank` };
}
