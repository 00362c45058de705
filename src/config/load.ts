/** Reads flags, environment and file once: the result is frozen settings, or all problems. */

import { accessSync, constants } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import { getHeapStatistics } from "node:v8";
import { type Reading, readAtMost, readFailureOf } from "#core/read-file.ts";
import { restServices } from "#public-services.ts";
import { type Draft, emptyDraft } from "#yaml/draft.ts";
import type { Problem } from "#yaml/problem.ts";
import { type Environment, type Source, sourceBytesMax, sourceFrom } from "#yaml/source.ts";
import { readEnvironment, unusedEnvironment, withoutQuotes } from "./environment.ts";
import { flagsFrom } from "./flags.ts";
import { overlay } from "./layers.ts";
import { type NamedFile, namedFiles } from "./named-files.ts";
import { SecretFiles, withSecretFiles } from "./secret-files.ts";
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
  readonly terminals?: readonly ("stdin" | "stdout" | "stderr")[];
  /** What lets a debugger into this process; absent: nothing does. */
  readonly debugger?: () => string | undefined;
}

/** Settings to run with, or every problem. */
export type Loaded = (
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly Problem[] }
) & { readonly sources: Sources };

/** Where settings came from. It holds secrets. */
export interface Sources {
  /** Every value that was set, with its place. */
  readonly draft: Draft;
  /** The configuration file as it was named; absent where there is none. */
  readonly file?: string;
  /** A file was named, and nothing is in it but comments. */
  readonly isBlank: boolean;
  /** Files whose text is in the draft or in the environment, read or not; absolute. */
  readonly texts: readonly string[];
  /** Files that are read when the settings are used, such as certificates; absolute. */
  readonly named: readonly NamedFile[];
  /** Variables whose values stood in files, with what stood there. */
  readonly fromFiles: Readonly<Record<string, string | undefined>>;
}

/** Defaults, then the file, then the environment, then flags: the later one wins. Never throws. */
export function loadSettings(outside: Outside, reading: Reading = {}): Loaded {
  const { argv, cwd, terminals = [] } = outside;
  const secrets = new SecretFiles(outside.env, reading);
  const written = withSecretFiles(outside.env, cwd, secrets);
  const env = withoutQuotes(written.env);
  const { assignments, warnings } = readEnvironment(written);
  const flags = flagsFrom(argv, serveFlags);
  const flagFile = flags.values.get("config")?.[0];
  const file = flagFile ?? (env.CONFIG_PATH || undefined);
  const saidAt = flagFile === undefined ? "environment CONFIG_PATH" : "flag --config";
  const source: Source =
    file === undefined
      ? { draft: emptyDraft(), problems: [] }
      : readSource({ file, saidAt, cwd, env, secrets, reading });
  const { draft } = source;
  const path = file === undefined ? undefined : resolve(cwd, file);
  const folder = path === undefined ? cwd : dirname(path);
  const isBlank = file !== undefined && Object.keys(draft.root ?? {}).length === 0;
  const sourcesOf = (): Sources => ({
    ...{ draft, isBlank },
    ...(file !== undefined && { file }),
    texts: [...(path === undefined ? [] : [path]), ...secrets.paths],
    named: namedFiles(draft, { folder, env }),
    fromFiles: Object.fromEntries([...written.filled.keys()].map((name) => [name, env[name]])),
  });
  const early = [...written.problems, ...flags.problems, ...source.problems];
  // Without the file, problems in the rest would be misleading.
  if (source.problems.some((problem) => problem.path === "")) {
    return { ok: false, problems: early, sources: sourcesOf() };
  }
  overlay(draft, assignments);
  overlay(draft, flagAssignments(flags.values));
  const { settings, problems } = settle(draft, early, {
    folder,
    isReadable,
    tlsProblems: (files) => tlsProblems(files, reading),
    cpus: availableParallelism(),
    heapBytesMax: getHeapStatistics().heap_size_limit,
    env,
    debugger: outside.debugger,
    unusedEnvironment: unusedEnvironment(env),
    warnings,
    terminals: terminals.filter((stream) => stream !== "stdin"),
    services: restServices,
  });
  const sources = sourcesOf();
  return settings === undefined || problems.length > 0
    ? { ok: false, problems, sources }
    : { ok: true, settings, sources };
}

interface FileToRead {
  /** As it was named, and as places show it. */
  readonly file: string;
  /** Where it was named. */
  readonly saidAt: string;
  readonly cwd: string;
  readonly env: Environment;
  readonly secrets: SecretFiles;
  readonly reading: Reading;
}

function readSource({ file, saidAt, cwd, env, secrets, reading }: FileToRead): Source {
  const path = resolve(cwd, file);
  const refused = (where: string, message: string): Source => ({
    draft: emptyDraft(),
    problems: [{ where, path: "", message }],
  });
  let yaml: Uint8Array;
  try {
    yaml = readAtMost(path, sourceBytesMax + 1, reading);
  } catch (thrown) {
    return refused(saidAt, `the file cannot be read (${readFailureOf(thrown)})`);
  }
  const folder = dirname(path);
  return sourceFrom(yaml, file, {
    env,
    readers: {
      file: (named) => secrets.read(resolve(folder, named), named),
      credential: (name) => secrets.readCredential(name),
    },
  });
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
