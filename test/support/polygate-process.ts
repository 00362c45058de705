/** Polygate as a process of its own: started, awaited until it listens, stopped by a signal. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** What to run, and in which surroundings. */
export interface ProcessOptions {
  readonly command: readonly string[];
  readonly cwd?: string;
  /** The whole environment; this process's own when absent. */
  readonly env?: NodeJS.ProcessEnv;
  /** User to run as; only root may choose. */
  readonly uid?: number;
  /** Descriptors of this process that it has from 3 on. */
  readonly passed?: readonly number[];
}

/** A process that listens. Disposing of it kills it, and those that it started. */
export interface PolygateProcess extends AsyncDisposable {
  /** Address of each listener, in the order of the configuration. */
  readonly urls: readonly string[];
  readonly pid: number;
  /** Everything that it wrote so far. */
  output(): string;
  /** Sends the signal, which need not end it. */
  signal(signal: NodeJS.Signals): void;
  /** Sends the signal; resolves with the exit code once the process has ended. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** Runs a command of polygate from source. */
export function fromSource(...args: string[]): readonly string[] {
  return [process.execPath, "-C", "source", "src/cli/main.ts", ...args];
}

/** Resolves when `serve` or `core` listens; rejects with its output when it ends before. */
export async function startProcess(options: ProcessOptions): Promise<PolygateProcess> {
  const [file = "", ...args] = options.command;
  const child = spawn(file, args, {
    stdio: ["ignore", "pipe", "pipe", ...(options.passed ?? [])],
    detached: true, // a process group of its own, so that npm or a shell in between leaves nothing
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  const closed = once(child, "close") as Promise<[number | null]>;
  const kill = () => killGroup(child);
  process.once("exit", kill);
  const lines: string[] = [];
  const listening = Promise.withResolvers<readonly string[]>();
  watch(child, lines, listening.resolve);
  closed.then(
    () => listening.reject(new Error(`it ended before it listened:\n${lines.join("\n")}`)),
    listening.reject,
  );
  return {
    urls: await listening.promise,
    pid: child.pid ?? 0,
    output: () => lines.join("\n"),
    signal: (signal) => void child.kill(signal),
    async stop(signal) {
      child.kill(signal);
      const [code] = await closed;
      return code;
    },
    async [Symbol.asyncDispose]() {
      kill();
      await closed;
      process.off("exit", kill);
    },
  };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Collects lines; tells the addresses when a line of the log says that it listens. */
function watch(
  child: ChildProcess,
  lines: string[],
  tell: (urls: readonly string[]) => void,
): void {
  const readLines = (stream: Readable | null, onLine: (line: string) => void) => {
    if (stream !== null) createInterface({ input: stream }).on("line", onLine);
  };
  readLines(child.stderr, (line) => lines.push(line));
  readLines(child.stdout, (line) => {
    lines.push(line);
    // npm, a shell or a container may write lines of their own.
    if (!line.endsWith('"msg":"listening"}')) return;
    const { listeners } = JSON.parse(line) as { listeners: readonly { url: string }[] };
    tell(listeners.map(({ url }) => url));
  });
}
