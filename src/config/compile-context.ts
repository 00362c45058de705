/** What compiling needs besides the configuration. Types only. */

import type { DescService } from "@bufbuild/protobuf";
import type { Problem } from "#yaml/problem.ts";
import type { Environment } from "#yaml/source.ts";
import type { TlsFiles, TlsProblem } from "./tls-files.ts";

/** What compiling needs besides the configuration. */
export interface CompileContext {
  /** Absolute; relative paths in the file count from here. */
  readonly folder: string;
  /** Whether a file or folder exists and can be read. */
  readonly isReadable: (path: string) => boolean;
  /** What is wrong with PEM files. */
  readonly tlsProblems: (files: TlsFiles) => readonly TlsProblem[];
  /** What lets a debugger into this process, in words; undefined when nothing does. */
  readonly debugger?: (() => string | undefined) | undefined;
  /** CPU threads of the machine. */
  readonly cpus: number;
  /** V8's limit of the heap. */
  readonly heapBytesMax: number;
  /** The environment, for keys and addresses of providers. */
  readonly env: Environment;
  /** Environment names that are set and without effect. */
  readonly unusedEnvironment: readonly string[];
  /** Warnings that were found while reading. */
  readonly warnings: readonly Problem[];
  /** Streams of this process that a terminal shows. */
  readonly terminals: readonly string[];
  /** Services whose methods HTTP rules may select. */
  readonly services: readonly DescService[];
}
