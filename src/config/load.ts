/** Reads flags, environment and file once: the result is frozen settings, or all problems. */

import { accessSync, closeSync, constants, openSync, readSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import { getHeapStatistics } from "node:v8";
import { restServices } from "#public-services.ts";
import { emptyDraft } from "#yaml/draft.ts";
import type { Problem } from "#yaml/problem.ts";
import { type Environment, type Source, sourceBytesMax, sourceFrom } from "#yaml/source.ts";
import { readEnvironment, unusedEnvironment, withoutQuotes } from "./environment.ts";
import { flagsFrom } from "./flags.ts";
import { overlay } from "./layers.ts";
import { readSecret, withSecretFiles } from "./secret-files.ts";
import { flagAssignments, serveFlags } from "./serve-flags.ts";
import type { Settings } from "./settings.ts";
import { settle } from "./settle.ts";
import { tlsProblems } from "./tls-files.ts";

/** What settings are read from. */
export interface Outside {
  /** Flags of `serve`, without program and command. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Absolute working directory; `--config` counts from here. */
  readonly cwd: string;
  /** Streams of this process that are terminals; none when absent. */
  readonly terminals?: readonly ("stdout" | "stderr")[];
  /** What lets a debugger into this process; absent: nothing does. */
  readonly debugger?: () => string | undefined;
}

/** Settings to run with, or every problem. */
export type Loaded =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Defaults, then the file, then the environment, then flags: the later one wins. Never throws. */
export function loadSettings(outside: Outside): Loaded {
  const { argv, cwd, terminals = [] } = outside;
  const { env: written, problems: unread } = withSecretFiles(outside.env, cwd);
  const env = withoutQuotes(written);
  const { assignments, warnings } = readEnvironment(written);
  const flags = flagsFrom(argv, serveFlags);
  const flagFile = flags.values.get("config")?.[0];
  const file = flagFile ?? (env.CONFIG_PATH || undefined);
  const saidAt = flagFile === undefined ? "environment CONFIG_PATH" : "flag --config";
  const source: Source =
    file === undefined
      ? { draft: emptyDraft(), problems: [] }
      : readSource({ file, saidAt, cwd, env });
  const early = [...unread, ...flags.problems, ...source.problems];
  // Without the file, problems in the rest would be misleading.
  if (source.problems.some(({ path }) => path === "")) return { ok: false, problems: early };
  overlay(source.draft, assignments);
  overlay(source.draft, flagAssignments(flags.values));
  const { settings, problems } = settle(source.draft, early, {
    folder: file === undefined ? cwd : dirname(resolve(cwd, file)),
    isReadable,
    tlsProblems,
    cpus: availableParallelism(),
    heapBytesMax: getHeapStatistics().heap_size_limit,
    env,
    debugger: outside.debugger,
    unusedEnvironment: unusedEnvironment(env),
    warnings,
    terminals,
    services: restServices,
  });
  return settings === undefined || problems.length > 0
    ? { ok: false, problems }
    : { ok: true, settings };
}

interface FileToRead {
  /** As it was named, and as places show it. */
  readonly file: string;
  /** Where it was named. */
  readonly saidAt: string;
  readonly cwd: string;
  readonly env: Environment;
}

function readSource({ file, saidAt, cwd, env }: FileToRead): Source {
  let yaml: Uint8Array;
  try {
    yaml = readAtMost(resolve(cwd, file), sourceBytesMax + 1);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    const problem = { where: saidAt, path: "", message: `the file cannot be read (${code})` };
    return { draft: emptyDraft(), problems: [problem] };
  }
  const folder = dirname(resolve(cwd, file));
  return sourceFrom(yaml, file, { env, readFile: (path) => readSecret(resolve(folder, path)) });
}

/** The first `bytesMax` bytes of a file, so that a file that is too large is never held whole. */
function readAtMost(path: string, bytesMax: number): Uint8Array {
  const descriptor = openSync(path, "r");
  try {
    const bytes = new Uint8Array(bytesMax);
    let length = 0;
    for (;;) {
      const read = readSync(descriptor, bytes, length, bytesMax - length, null);
      if (read === 0) return bytes.subarray(0, length);
      length += read;
    }
  } finally {
    closeSync(descriptor);
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
