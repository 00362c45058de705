/** Terminals of 80 by 24 in tmux: a command runs in one, is typed at, and what its screen shows is read as text. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { temporaryFolder } from "./temporary-folder.ts";

const run = promisify(execFile);

/** Size of a terminal that says nothing else. */
const columns = 80;
const rows = 24;

// The history has what left the screen; a pane stays when its command has ended, and says so.
const configuration = `
set -g status off
set -g history-limit 10000
set -g remain-on-exit on
set -g remain-on-exit-format ""
set -g default-terminal screen-256color
`;

/** What terminals know of their machine: CI, NO_COLOR and the like would decide about colours. */
const environment = { PATH: process.env.PATH ?? "", LANG: "C.UTF-8", TERM: "xterm-256color" };

/** A terminal. */
export interface Pane {
  /** What is on it, as tmux has it: with colours, and with lines that it wrapped in one piece. */
  styled(): Promise<string>;
  /** The same without colours. */
  text(): Promise<string>;
  /** Types text; `Enter`, `C-c` and so on are keys. */
  type(...keys: readonly string[]): Promise<void>;
  /** Resolves with the exit code of its command. */
  ended(): Promise<number>;
}

/** A tmux of its own. Disposing of it ends all that runs in it. */
export interface Tmux extends AsyncDisposable {
  /** Runs a line of bash. */
  open(line: string, env?: Readonly<Record<string, string>>): Promise<Pane>;
}

/** Starts a tmux that knows no settings of the user's. */
export async function startTmux(): Promise<Tmux> {
  const folder = await temporaryFolder();
  const file = await folder.write("tmux.conf", configuration);
  const socket = join(folder.path, "socket");
  const tmux = async (...args: readonly string[]) => {
    const words = ["-S", socket, "-f", file, ...args];
    return (await run("tmux", words, { env: environment })).stdout;
  };
  let count = 0;
  return {
    async open(line, env = {}) {
      count += 1;
      const name = `pane${count}`;
      const values = Object.entries(env).flatMap(([key, value]) => ["-e", `${key}=${value}`]);
      const size = ["-x", String(columns), "-y", String(rows)];
      const code = join(folder.path, name);
      const told = `{ ${line}\n}; echo $? > ${code}; tmux -S ${socket} wait-for -S ${name}`;
      await tmux("new-session", "-d", "-s", name, ...size, ...values, "bash", "-c", told);
      const styled = async () => {
        const told = await tmux("capture-pane", "-p", "-e", "-J", "-S", "-", "-t", name);
        return told.replaceAll(/[ \t]+$/gm, "").trimEnd();
      };
      return {
        styled,
        text: async () => stripVTControlCharacters(await styled()).replaceAll(/[ \t]+$/gm, ""),
        async type(...keys) {
          await tmux("send-keys", "-t", name, ...keys);
        },
        async ended() {
          await tmux("wait-for", name);
          return Number(await readFile(code, "utf8"));
        },
      };
    },
    async [Symbol.asyncDispose]() {
      if (count > 0) await tmux("kill-server");
      await folder[Symbol.asyncDispose]();
    },
  };
}
