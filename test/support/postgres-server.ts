/** A PostgreSQL server of its own: Debian's binaries, a temporary folder, a free port of loopback. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, globSync } from "node:fs";
import { chown, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { Client } from "pg";
import { freePort } from "./free-port.ts";
import { programPath } from "./needs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Newest first: Debian keeps each version's programs out of PATH. */
const folders = globSync("/usr/lib/postgresql/*/bin").toSorted((one, other) =>
  other.localeCompare(one, "en", { numeric: true }),
);
const initdb = programPath("initdb", folders);

/** What is missing when there is no server to start. */
export const missingPostgres =
  initdb === undefined ? "PostgreSQL (initdb) is not installed" : undefined;

const user = "polygate";
const password = "never-to-be-seen";

/** Rows by column. */
type Rows = readonly Readonly<Record<string, unknown>>[];

/** A connection that closes with its scope. */
export interface PostgresConnection extends AsyncDisposable {
  query(sql: string): Promise<Rows>;
}

/** A running server. */
export interface PostgresServer extends AsyncDisposable {
  /** Makes an empty database; gives its URL, which holds a password. */
  database(encoding?: string): Promise<string>;
  connect(url: string): Promise<PostgresConnection>;
  query(url: string, sql: string): Promise<Rows>;
  /** Shuts down as an operator does: connections end, what was committed is kept. */
  stop(): Promise<void>;
  /** Starts again, on the same port. */
  start(): Promise<void>;
}

/** The server refuses to run as root: then as Debian's user for it, or as nobody. */
function owner(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string, name: string) =>
    Number(spawnSync("id", [flag, name], { encoding: "utf8" }).stdout);
  const name = spawnSync("id", ["postgres"]).status === 0 ? "postgres" : "nobody";
  return { uid: idOf("-u", name), gid: idOf("-g", name) };
}

async function connect(url: string): Promise<PostgresConnection> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return {
    query: async (sql) => (await client.query(sql)).rows,
    [Symbol.asyncDispose]: () => client.end(),
  };
}

async function query(url: string, sql: string): Promise<Rows> {
  await using connection = await connect(url);
  return await connection.query(sql);
}

/** Starts the program; resolves when it takes connections. */
async function run(bin: string, cwd: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(join(bin, "postgres"), args, {
    cwd,
    stdio: ["ignore", "ignore", "pipe"],
    ...owner(),
  });
  const ready = Promise.withResolvers<void>();
  const said: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    said.push(line);
    if (line.includes("ready to accept connections")) ready.resolve();
  });
  child.once("close", () => ready.reject(new Error(`PostgreSQL ended:\n${said.join("\n")}`)));
  await ready.promise;
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill(signal);
  await closed;
}

/** Makes and starts a server. */
export async function startPostgres(): Promise<PostgresServer> {
  if (initdb === undefined) throw new Error(missingPostgres);
  const bin = dirname(initdb);
  const folder = await temporaryFolder();
  const passwordFile = await folder.write("password", password);
  const data = join(folder.path, "data");
  await mkdir(data);
  const own = owner();
  if (own !== undefined) {
    for (const path of [folder.path, data]) await chown(path, own.uid, own.gid);
    chownSync(passwordFile, own.uid, own.gid);
  }
  const made = spawnSync(
    initdb,
    [
      ...["-D", data, "-U", user, "-A", "scram-sha-256", `--pwfile=${passwordFile}`],
      ...["-E", "UTF8", "--locale=C", "--no-sync"],
    ],
    { cwd: folder.path, encoding: "utf8", ...own },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  const port = await freePort();
  const settings = { listen_addresses: "127.0.0.1", port, unix_socket_directories: "" };
  const cheap = { fsync: "off", full_page_writes: "off", shared_buffers: "16MB" };
  const args = [
    ...["-D", data],
    ...Object.entries({ ...settings, ...cheap }).flatMap(([name, value]) => [
      "-c",
      `${name}=${value}`,
    ]),
  ];
  let child = await run(bin, folder.path, args);
  const kill = () => child.kill("SIGQUIT");
  process.once("exit", kill);
  const urlOf = (name: string) => `postgres://${user}:${password}@127.0.0.1:${port}/${name}`;
  let count = 0;
  return {
    async database(encoding = "UTF8") {
      count += 1;
      const name = `test${count}`;
      await query(
        urlOf("postgres"),
        `CREATE DATABASE ${name} TEMPLATE template0 ENCODING '${encoding}'`,
      );
      return urlOf(name);
    },
    connect,
    query,
    stop: () => end(child, "SIGINT"),
    async start() {
      child = await run(bin, folder.path, args);
    },
    async [Symbol.asyncDispose]() {
      process.off("exit", kill);
      await end(child, "SIGQUIT");
      await folder[Symbol.asyncDispose]();
    },
  };
}
