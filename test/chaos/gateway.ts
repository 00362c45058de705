/** A gateway as a process of its own, from source or as it was built, which a scenario may break. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import type { BoundSocket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../support/free-port.ts";
import { type ProcessFigures, processFigures } from "../support/process-figures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import type { Mode } from "./scenario.ts";

const startTimeoutMs = 60_000;
const pageTriesMax = 20;

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
  /** A socket that is bound to that port, passed on as systemd does. */
  readonly socket?: BoundSocket;
  /** Scheme and certificates of the listener; cleartext when absent. */
  readonly tls?: Readonly<Record<string, string>>;
  /** With `tls`: port of a second listener, in cleartext, for those who watch. */
  readonly probePort?: number;
  /** Where its configuration is written; a folder of its own when absent. */
  readonly folder?: string;
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
  /** Whether it knows a metric of this name. */
  declares(name: string): Promise<boolean>;
}

/** How polygate is run from here. */
function polygate({ isBuilt }: Mode, ...args: readonly string[]): readonly string[] {
  const program = isBuilt ? ["dist/cli/main.js"] : ["-C", "source", "src/cli/main.ts"];
  return [...program, ...args];
}

/** Whether this version takes a setting: without it, what needs it is not built yet. */
export async function takes(
  mode: Mode,
  config: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  await using folder = await temporaryFolder();
  const path = await folder.write("gateway.yaml", JSON.stringify(config));
  const args = polygate(mode, "check", "--config", path);
  return spawnSync(process.execPath, args, { env: { PATH: process.env.PATH } }).status === 0;
}

/** Starts one; resolves when it answers. Rejects with a StartError. */
export async function startGateway(mode: Mode, facts: GatewayFacts): Promise<ChaosGateway> {
  await using opening = new AsyncDisposableStack();
  const folder = facts.folder ?? opening.use(await temporaryFolder()).path;
  const port = facts.port ?? (await freePort());
  const configPath = join(folder, "gateway.yaml");
  writeFileSync(configPath, configText(port, facts));
  const [file = "", ...args] = [
    ...(facts.within ?? []),
    process.execPath,
    ...(facts.nodeArgs ?? []),
    ...polygate(mode, "serve", "--config", configPath),
  ];
  const child = spawn(file, args, {
    stdio: ["ignore", facts.log ?? "pipe", "pipe", ...(facts.socket ? [facts.socket.fd()] : [])],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...(facts.socket && { LISTEN_FDS: "1" }),
      ...facts.env,
    },
  });
  const pieces: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => pieces.push(text));
  }
  const watched = watch(child);
  opening.defer(watched.kill);
  const probes = facts.tls === undefined ? port : (facts.probePort ?? port);
  const url = `http://127.0.0.1:${probes}`;
  const ready =
    facts.socket === undefined ? answers(url, watched.end) : says(child, '"msg":"listening"');
  if (!(await Promise.race([ready, watched.ended.then(() => false)]))) {
    throw new StartError(pieces.join(""));
  }
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
    async declares(name) {
      return (await pageOf(`${url}/metrics`)).includes(`# TYPE ${name} `);
    },
    async metric(name, label = "") {
      const page = await pageOf(`${url}/metrics`);
      const lines = page
        .split("\n")
        .filter((line) => line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)))
        .filter((line) => line.includes(label));
      if (lines.length === 0) return undefined;
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A page over a connection of its own, asked for again where what serves that has just ended. */
export async function pageOf(url: string): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      const [response] = await once(get(url, { agent: false }), "response");
      return await text(response);
    } catch (thrown) {
      if (tries === pageTriesMax) throw thrown;
      await sleep(10);
    }
  }
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

/** It ended before it answered, or did not answer; the message is what it wrote. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** The text of its configuration, as YAML reads JSON. */
function configText(port: number, { config, listener, tls, probePort }: GatewayFacts): string {
  const host = "127.0.0.1";
  const listeners =
    tls === undefined
      ? undefined
      : [
          { name: "secure", host, port, tls },
          { name: "plain", host, port: probePort },
        ];
  // Cores live with the load: that a busy machine keeps them waiting does not make them unhealthy.
  const common = { health_check_timeout: "30s", ...listener };
  const gateway = listeners === undefined ? { host, port, ...common } : common;
  return JSON.stringify({ gateway, ...(listeners && { listeners }), ...config });
}

/** Resolves with true once its log has this text. */
function says(child: ChildProcess, text: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let seen = "";
  const look = (piece: string) => {
    seen = (seen + piece).slice(-10_000);
    if (!seen.includes(text)) return;
    child.stdout?.off("data", look);
    resolve(true);
  };
  child.stdout?.on("data", look);
  return promise;
}

async function answers(url: string, end: () => string | undefined): Promise<boolean> {
  const untilMs = performance.now() + startTimeoutMs;
  while (end() === undefined && performance.now() < untilMs) {
    const response = await fetch(`${url}/livez`).catch(() => undefined);
    if (response?.ok === true) return true;
    await sleep(20);
  }
  return false;
}
