/** A Dockerfile carried out in folders, without Docker: each stage's file system is a folder. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { text } from "node:stream/consumers";
import { contextFiles } from "./docker-context.ts";
import { commandOf, type Instruction, pairsIn, parseDockerfile, type Stage } from "./dockerfile.ts";

/** What the last stage came to. */
export interface Image extends Disposable {
  /** The folder that stands for `/`. */
  readonly root: string;
  /** The working folder, below `root`. */
  readonly workdir: string;
  /** PATH and the image's own variables; absolute paths among them are below `root`. */
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly healthCommand: readonly string[];
}

interface Built {
  readonly root: string;
  workdir: string;
  env: Record<string, string>;
  command: readonly string[];
  healthCommand: readonly string[];
}

/**
 * Builds from the folder that holds the Dockerfile. The base image is this Node and the machine's
 * own npm and shell. Rejects with the output of a RUN that fails.
 */
export async function buildImage(dockerfile: string, contextFolder: string): Promise<Image> {
  const folder = mkdtempSync(join(tmpdir(), "polygate-image-"));
  chmodSync(folder, 0o755); // the image's user must pass through
  const drop = () => rmSync(folder, { recursive: true, force: true });
  try {
    const stages = new Map<string, Built>();
    const context = { folder: contextFolder, files: contextFiles(contextFolder) };
    let last: Built | undefined;
    for (const [index, stage] of parseDockerfile(dockerfile).entries()) {
      last = await buildStage(join(folder, `stage-${index}`), stage, { stages, context });
      stages.set(stage.name ?? String(index), last);
    }
    if (last === undefined) throw new Error("the Dockerfile has no stage");
    return { ...last, [Symbol.dispose]: drop };
  } catch (error) {
    drop();
    throw error;
  }
}

/** What COPY may take from. */
interface Sources {
  readonly stages: ReadonlyMap<string, Built>;
  readonly context: { readonly folder: string; readonly files: readonly string[] };
}

async function buildStage(root: string, { base, instructions }: Stage, from: Sources) {
  if (!base.startsWith("node:")) throw new Error(`the base image ${base} is not known here`);
  const node = join(root, "usr/local/bin/node");
  await cp(process.execPath, node, { dereference: true });
  mkdirSync(join(root, "tmp"));
  chmodSync(join(root, "tmp"), 0o777);
  const built: Built = {
    root,
    workdir: root,
    env: { PATH: `${dirname(node)}:${process.env.PATH}` },
    command: [],
    healthCommand: [],
  };
  for (const instruction of instructions) await carryOut(instruction, built, from);
  return built;
}

async function carryOut(step: Instruction, built: Built, from: Sources): Promise<void> {
  const { keyword, text: told } = step;
  if (keyword === "WORKDIR") {
    built.workdir = below(built, told);
    mkdirSync(built.workdir, { recursive: true });
  } else if (keyword === "ENV") {
    for (const [name, value] of Object.entries(pairsIn(told))) {
      built.env[name] = isAbsolute(value) ? below(built, value) : value;
    }
  } else if (keyword === "COPY") await copy(step, built, from);
  else if (keyword === "RUN") await run(told, built);
  else if (keyword === "CMD") built.command = commandOf(told);
  else if (keyword === "HEALTHCHECK") {
    const [, options = "", command = ""] = /^((?:--[\w-]+=\S+\s+)*)CMD\s+(.*)$/.exec(told) ?? [];
    if (command === "") throw new Error(`line ${step.line}: no command behind ${options}`);
    built.healthCommand = commandOf(command);
  }
}

function below({ root, workdir }: Built, path: string): string {
  return isAbsolute(path) ? join(root, path) : join(workdir, path);
}

async function copy({ text: told, flags, line }: Instruction, built: Built, from: Sources) {
  const paths = told.split(/\s+/);
  const target = paths.pop() ?? "";
  const folder = below(built, target);
  const fileInto = (path: string) =>
    target.endsWith("/") || paths.length > 1 ? join(folder, basename(path)) : folder;
  for (const path of paths) {
    const to = { file: fileInto(path), folder };
    const count =
      flags.from === undefined
        ? await copyFromContext(path, to, from.context)
        : await copyFromStage(path, to, from.stages.get(flags.from));
    if (count === 0) throw new Error(`line ${line}: there is nothing to copy at ${path}`);
  }
}

/** Where a file goes, and where what is in a folder goes. */
interface Target {
  readonly file: string;
  readonly folder: string;
}

async function copyFromContext(path: string, to: Target, { folder, files }: Sources["context"]) {
  const wanted = files.filter((file) => file === path || file.startsWith(`${path}/`));
  for (const file of wanted) {
    const target = file === path ? to.file : join(to.folder, file.slice(path.length));
    await cp(join(folder, file), target);
  }
  return wanted.length;
}

async function copyFromStage(path: string, to: Target, stage: Built | undefined) {
  const source = stage === undefined ? "" : below(stage, path);
  const found = statSync(source, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  const target = found.isDirectory() ? to.folder : to.file;
  await cp(source, target, { recursive: true, verbatimSymlinks: true });
  return 1;
}

/** Variables that let npm reach its registry on this machine; the rest of the machine stays out. */
const machineNames = /^(HOME|(https?|no)_proxy|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS)$/i;

async function run(command: string, { workdir, env }: Built): Promise<void> {
  const machine = Object.entries(process.env).filter(([name]) => machineNames.test(name));
  const child = spawn("/bin/sh", ["-ec", command], {
    cwd: workdir,
    env: { ...Object.fromEntries(machine), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (code !== 0) throw new Error(`RUN ${command}: exit code ${code}\n${out}${err}`);
}
