/** A gateway as a process of its own, from source or as it was built, which a scenario may break. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../support/free-port.ts";
import { type ProcessFigures, processFigures } from "../support/process-figures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import type { Mode } from "./scenario.ts";

const startTimeoutMs = 20_000;

/** How a gateway is started. */
export interface GatewayFacts {
  /** Its configuration, but for the listener. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Settings of the section `gateway` besides host and port. */
  readonly listener?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs it in other surroundings, such as prlimit. */
  readonly within?: readonly string[];
  /** Descriptor of a file that its log goes to, in place of a pipe that is read. */
  readonly log?: number;
  /** A free one when absent. */
  readonly port?: number;
  /** Further arguments of Node. */
  readonly nodeArgs?: readonly string[];
}

/** A gateway that listens. Disposing of it kills it. */
export interface ChaosGateway extends AsyncDisposable, ProcessFigures {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** Path of its configuration file. */
  readonly configPath: string;
  /** How it ended: exit code or signal; undefined while it lives. */
  readonly end: string | undefined;
  /** What it wrote, unless that went to a file. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  /** Resolves with its exit code or signal. */
  ended(): Promise<string>;
  /** Descriptors that it has open. */
  descriptors(): number;
  /** The sum of a metric's samples whose labels contain a text; undefined when there is none. */
  metric(name: string, label?: string): Promise<number | undefined>;
}

/** How polygate is run from here. */
export function polygate({ isBuilt }: Mode, ...args: readonly string[]): readonly string[] {
  const program = isBuilt ? ["dist/cli/main.js"] : ["-C", "source", "src/cli/main.ts"];
  return [...program, ...args];
}

/** Starts one; resolves when it answers. */
export async function startGateway(mode: Mode, facts: GatewayFacts): Promise<ChaosGateway> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await temporaryFolder());
  const port = facts.port ?? (await freePort());
  const gateway = { host: "127.0.0.1", port, ...facts.listener };
  const configPath = await folder.write(
    "gateway.yaml",
    JSON.stringify({ gateway, ...facts.config }),
  );
  const [file = "", ...args] = [
    ...(facts.within ?? []),
    process.execPath,
    ...(facts.nodeArgs ?? []),
    ...polygate(mode, "serve", "--config", configPath),
  ];
  const child = spawn(file, args, {
    stdio: ["ignore", facts.log ?? "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...facts.env },
  });
  const pieces: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => pieces.push(text));
  }
  const watched = watch(child);
  opening.defer(watched.kill);
  const url = `http://127.0.0.1:${port}`;
  await answers(url, watched.end, () => pieces.join(""));
  const owned = opening.move();
  const pid = child.pid ?? 0;
  return {
    port,
    url,
    pid,
    configPath,
    get end() {
      return watched.end();
    },
    output: () => pieces.join(""),
    signal: (name) => void child.kill(name),
    ended: () => watched.ended,
    ...processFigures(pid),
    descriptors: () => readdirSync(`/proc/${pid}/fd`).length,
    async metric(name, label = "") {
      const text = await (await fetch(`${url}/metrics`)).text();
      const lines = text
        .split("\n")
        .filter((line) => line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)))
        .filter((line) => line.includes(label));
      if (lines.length === 0) return undefined;
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function watch(child: ChildProcess) {
  let end: string | undefined;
  const ended = once(child, "close").then(([code, signal]) => {
    end = String(code ?? signal);
    return end;
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  return {
    ended,
    end: () => end,
    async kill() {
      kill();
      await ended;
      process.off("exit", kill);
    },
  };
}

async function answers(
  url: string,
  end: () => string | undefined,
  said: () => string,
): Promise<void> {
  const untilMs = performance.now() + startTimeoutMs;
  while (end() === undefined && performance.now() < untilMs) {
    const response = await fetch(`${url}/livez`).catch(() => undefined);
    if (response?.ok === true) return;
    await sleep(20);
  }
  throw new Error(`the gateway does not answer: ${end() ?? "time is up"}\n${said()}`);
}
