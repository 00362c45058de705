/** A Redis server of its own: Debian's program, a temporary folder, a free port of loopback. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { freePort } from "./free-port.ts";
import { missingProgram } from "./needs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** What is missing when there is no server to start. */
export const missingRedis = missingProgram("redis-server") ?? missingProgram("redis-cli");

/** How a server is started. */
export interface RedisServerOptions {
  /** Further options of the program. */
  readonly args?: readonly string[];
  readonly port?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** A running server. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Runs a command of redis-cli; gives what it writes. */
  cli(...args: string[]): string;
  /** It answers nobody, and its connections stay open. */
  freeze(): void;
  thaw(): void;
  /** Ends it at once; what it held is lost. */
  kill(): Promise<void>;
  /** Starts again, on the same port. */
  start(): Promise<void>;
}

async function run(
  cwd: string,
  port: number,
  { args = [], env = process.env }: RedisServerOptions,
): Promise<ChildProcess> {
  const child = spawn(
    "redis-server",
    [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", cwd],
      ...["--save", "", "--appendonly", "no", ...args],
    ],
    { stdio: ["ignore", "pipe", "inherit"], env },
  );
  const ready = Promise.withResolvers<void>();
  const said: string[] = [];
  createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).on(
    "line",
    (line) => {
      said.push(line);
      if (line.includes("Ready to accept connections")) ready.resolve();
    },
  );
  child.once("close", () => ready.reject(new Error(`redis-server ended:\n${said.join("\n")}`)));
  await ready.promise;
  return child;
}

/** Starts a server; resolves when it takes connections. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = await temporaryFolder();
  const port = options.port ?? (await freePort());
  let child = await run(folder.path, port, options);
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    cli(...args) {
      const { status, stdout, stderr } = spawnSync("redis-cli", ["-p", String(port), ...args], {
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`redis-cli: ${stderr}${stdout}`);
      return stdout.trim();
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    kill: end,
    async start() {
      child = await run(folder.path, port, options);
    },
    async [Symbol.asyncDispose]() {
      process.off("exit", kill);
      await end();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The masters of a cluster. */
export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisServer[];
}

/** Starts three masters that share all slots. */
export async function startRedisCluster(): Promise<RedisCluster> {
  await using starting = new AsyncDisposableStack();
  const args = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
  const nodes: RedisServer[] = [];
  for (let count = 0; count < 3; count += 1) {
    const [port, busPort] = [await freePort(), await freePort()];
    const own = [...args, "--cluster-port", String(busPort)];
    nodes.push(starting.use(await startRedis({ port, args: own })));
  }
  const [first] = nodes as [RedisServer];
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  first.cli("--cluster", "create", ...addresses, "--cluster-replicas", "0", "--cluster-yes");
  for (const node of nodes) {
    while (!node.cli("cluster", "info").includes("cluster_state:ok")) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const owned = starting.move();
  return { nodes, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
