/** A server under measurement: a process of its own on a core of its own, metered from outside. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isInstalled } from "./programs.ts";

/** A running server. Disposing of it ends it. */
export interface ServerProcess extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** CPU time that it has used, user and system, all threads. */
  cpuUs(): number;
  /** Memory that it holds, after collecting garbage where it knows how. */
  residentBytes(): Promise<number>;
  /** Sends a message over the channel that it was started with; resolves with its next one. */
  ask(message: object): Promise<unknown>;
  /** Ends it by SIGTERM, so that it can write what it keeps for its end. */
  stop(): Promise<void>;
}

/** Numbers of the cores that this process was started on. */
function allowedCores(): readonly number[] {
  const list = /Cpus_allowed_list:\s+(\S+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return (list ?? "").split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

// Looked up once: later this process is on one of them only.
const [serverCore, secondCore = serverCore, loadCore = secondCore] = allowedCores();
const canPin = serverCore !== loadCore && isInstalled("taskset");

/** The core of the server that is measured, and the one of load and upstreams. */
export const cores = { server: serverCore, load: loadCore } as const;

const startTimeoutMsDefault = 15_000;
/** Clock ticks of /proc are hundredths of a second on every Linux in use. */
const tickUs = 10_000;

/** Two, for a server whose threads are to have more than one. The load is on one of them where there is no third. */
export const allCores = `${serverCore},${secondCore}`;

/** Whether a server that has two cores shares one of them with the load. */
export const isLoadAmongThem = loadCore === secondCore;

/** Command in front of a command that keeps it on a core; empty where cores cannot be chosen. */
function pinnedTo(core: number | string | undefined): readonly string[] {
  return canPin ? ["taskset", "-c", String(core)] : [];
}

/** The same for a program that this process starts by itself: it would be on the core of load alone. */
export const onAllCores = pinnedTo(allCores);

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** User and system time of a process, then of its children that have ended. */
function timesOf(pid: number | "self"): readonly number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // Fields are counted from behind the command's name, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).map((ticks) => Number(ticks) * tickUs);
}

function cpuUsOf(pid: number): number {
  const [user = 0, system = 0] = timesOf(pid);
  return user + system;
}

/** CPU time that this process has used, and the programs that it ran to their end. */
export function loadCpuUs(): number {
  return timesOf("self").reduce((sum, one) => sum + one, 0);
}

function residentBytesOf(pid: number): number {
  const kibibytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes) * 1024;
}

/**
 * Starts a command, which listens on the port that it is given, in a folder (this checkout when
 * absent). Rejects with what it complained.
 */
export async function startServer(
  commandOf: (port: number) => readonly string[],
  {
    core = cores.server,
    folder,
    startTimeoutMs = startTimeoutMsDefault,
    hasChannel = false,
  }: {
    readonly core?: number | string | undefined;
    readonly folder?: string;
    readonly startTimeoutMs?: number;
    /** Whether it can be asked: a program of Node whose code answers messages. */
    readonly hasChannel?: boolean;
  } = {},
): Promise<ServerProcess> {
  const port = await freePort();
  const [file = "", ...args] = [...pinnedTo(core), ...commandOf(port)];
  const child = spawn(file, args, {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe", ...(hasChannel ? (["ipc"] as const) : [])],
  });
  const { pid } = child;
  if (pid === undefined || child.stderr === null) throw new Error(`${file} cannot be started`);
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint = `${complaint}${text}`.slice(-4_000);
  });
  child.once("exit", (code) => {
    if (code !== null && code !== 0) console.error(`${args.join(" ")} ended:\n${complaint}`);
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const untilMs = performance.now() + startTimeoutMs;
  while (!(await listens(port))) {
    if (child.exitCode !== null || performance.now() > untilMs) {
      kill();
      throw new Error(`${[file, ...args].join(" ")} does not listen: ${complaint}`);
    }
    await sleep(5);
  }
  return {
    port,
    pid,
    cpuUs: () => cpuUsOf(pid),
    async residentBytes() {
      if (args.includes("--expose-gc")) child.kill("SIGUSR2");
      await sleep(300);
      return residentBytesOf(pid);
    },
    async ask(message) {
      const answer = once(child, "message");
      child.send(message);
      return (await answer)[0];
    },
    async stop() {
      const closed = once(child, "exit");
      child.kill("SIGTERM");
      await closed;
    },
    async [Symbol.asyncDispose]() {
      process.off("exit", kill);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const closed = once(child, "exit");
      kill();
      await closed;
    },
  };
}

/** Command of a contender that is a program of this folder. */
export function nodeServer(name: string, ...args: readonly string[]) {
  return (port: number): readonly string[] => [
    process.execPath,
    "--expose-gc",
    "-C",
    "source",
    `bench/contenders/${name}.ts`,
    String(port),
    ...args,
  ];
}

/** Moves this process, and with it the load that it makes, to the core of load. */
export function pinToLoadCore(): void {
  if (!canPin) return;
  execFileSync("taskset", ["-a", "-pc", String(cores.load), String(process.pid)]);
}
