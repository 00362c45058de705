/** What lies in a model's folder: its versions, and what was meant to be one and is none. */

import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** A folder as it was found. */
export interface FolderFindings {
  /** Versions that have a model.onnx, the newest last. */
  readonly versions: readonly string[];
  readonly hasYaml: boolean;
  /** There is an .onnx file, so that somebody means this to be a model. */
  readonly hasOnnx: boolean;
  /** What is there and not read, and what to do about it; absent when all is as it should be. */
  readonly problem?: string;
}

/** Name of the file of a version. */
export const modelFile = "model.onnx";

const versionPattern = /^\d{1,15}$/;

/** Folders next to the versions that are looked into: training data may have any number. */
const foldersMax = 100;

/** Looks through the folder; nothing is found where it cannot be read. */
export async function findingsIn(folder: string): Promise<FolderFindings> {
  const entries = (await entriesOf(folder)).filter(({ name }) => !name.startsWith("."));
  const files = entries.filter((entry) => !mayBeFolder(entry)).map(({ name }) => name);
  const named = entries.filter(mayBeFolder).map(({ name }) => name);
  const others = named.filter((name) => !versionPattern.test(name)).sort();
  const looked = [
    ...named.filter((name) => versionPattern.test(name)),
    ...others.slice(0, foldersMax),
  ];
  const folders = await Promise.all(
    looked.map(async (name) => {
      const inside = (await entriesOf(join(folder, name))).map((entry) => entry.name);
      const hasModel = inside.includes(modelFile) && (await isFile(join(folder, name, modelFile)));
      return { name, onnx: inside.find(isOnnx), hasModel };
    }),
  );
  const versions = folders.filter(({ name, hasModel }) => versionPattern.test(name) && hasModel);
  const hasYaml = await isFile(join(folder, "model.yaml"));
  const loose = files.find(isOnnx);
  const problem =
    (loose === undefined ? undefined : looseText(loose)) ??
    folders.map(folderProblem).find((text) => text !== undefined) ??
    (!hasYaml && files.includes("model.yml")
      ? "model.yml is not read: name it model.yaml"
      : undefined);
  return {
    versions: versions.map(({ name }) => name).sort((a, b) => Number(a) - Number(b)),
    hasYaml,
    hasOnnx: loose !== undefined || folders.some(({ onnx }) => onnx !== undefined),
    ...(problem !== undefined && { problem }),
  };
}

interface SubFolder {
  readonly name: string;
  /** The first .onnx file in it. */
  readonly onnx: string | undefined;
  readonly hasModel: boolean;
}

function folderProblem({ name, onnx, hasModel }: SubFolder): string | undefined {
  if (versionPattern.test(name)) {
    if (hasModel) return undefined;
    if (onnx === undefined) return `version ${name} has no ${modelFile}`;
    return `version ${name} has ${quoted(onnx)} and no ${modelFile}: rename it`;
  }
  if (onnx === undefined) return undefined;
  return `folder ${quoted(name)} has a model and is no version: name it by a number, such as 1`;
}

function looseText(file: string): string {
  return `${quoted(file)} is in no version's folder: move it to 1/${modelFile}`;
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 128));
}

/** Whether a name ends as models do. */
export function isOnnx(name: string): boolean {
  return name.endsWith(".onnx");
}

/** Mounts are made of links. */
function mayBeFolder(entry: Dirent): boolean {
  return entry.isDirectory() || (entry.isSymbolicLink() && !isOnnx(entry.name));
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  return await readdir(folder, { withFileTypes: true }).catch(() => []);
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
