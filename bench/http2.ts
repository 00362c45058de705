/**
 * The HTTP/2 engine against node:http2, driven by h2load: `node -C source bench/http2.ts [rounds]`.
 * Rounds alternate between the engines; medians are printed, CPU as the server process counts it.
 */

import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { clientPreface } from "#http2/frames.ts";

const run = promisify(execFile);
const rounds = Number(process.argv[2] ?? 5);
const engines = ["polygate", "node"] as const;
type Engine = (typeof engines)[number];

const smallFile = join(tmpdir(), "polygate-bench-small");
const largeFile = join(tmpdir(), "polygate-bench-large");
writeFileSync(smallFile, Buffer.alloc(106, 1));
writeFileSync(largeFile, Buffer.alloc(1 << 20, 1));

interface Case {
  readonly name: string;
  readonly wire: "cleartext" | "tls";
  readonly path: string;
  readonly calls: number;
  readonly args: readonly string[];
}

const cases: readonly Case[] = [
  {
    name: "unary, 1 in flight",
    wire: "cleartext",
    path: "/small",
    calls: 15_000,
    args: ["-c1", "-m1"],
  },
  {
    name: "unary, 8 in flight",
    wire: "cleartext",
    path: "/small",
    calls: 60_000,
    args: ["-c8", "-m1"],
  },
  {
    name: "unary, 128 in flight",
    wire: "cleartext",
    path: "/small",
    calls: 150_000,
    args: ["-c8", "-m16"],
  },
  {
    name: "unary, 128 in flight, TLS",
    wire: "tls",
    path: "/small",
    calls: 100_000,
    args: ["-c8", "-m16"],
  },
  {
    name: "stream of 100 messages",
    wire: "cleartext",
    path: "/stream",
    calls: 4_000,
    args: ["-c8", "-m32"],
  },
  {
    name: "1 MB down",
    wire: "cleartext",
    path: "/down",
    calls: 1_000,
    args: ["-c2", "-m2", "-w18", "-W20"],
  },
  { name: "1 MB up", wire: "cleartext", path: "/up", calls: 1_000, args: ["-c2", "-m2"] },
];

interface Report {
  readonly port: number;
  readonly cpuUs: number;
  readonly rssBytes: number;
}

/** A server in a process of its own, on the first core where cores can be chosen. */
async function start(engine: Engine, wire: string) {
  const child = fork("bench/http2-server.ts", [engine, wire], {
    execArgv: ["-C", "source", "--expose-gc"],
  });
  const next = async (): Promise<Report> => (await once(child, "message"))[0] as Report;
  const { port } = await next();
  return {
    port,
    async report(): Promise<Report> {
      child.send("report");
      return await next();
    },
    [Symbol.dispose]: () => child.disconnect(),
  };
}

async function load(engine: Engine, { wire, path, calls, args }: Case) {
  using server = await start(engine, wire);
  const url = `${wire === "tls" ? "https" : "http"}://127.0.0.1:${server.port}${path}`;
  const body = path === "/up" ? largeFile : smallFile;
  const command = (count: number) => [...args, "-n", String(count), "-d", body, url];
  await run("h2load", command(Math.ceil(calls / 10)));
  const before = await server.report();
  const { stdout } = await run("h2load", command(calls));
  const after = await server.report();
  if (!stdout.includes(` ${calls} succeeded`)) throw new Error(stdout);
  const perSecond = Number(/([\d.]+) req\/s/.exec(stdout)?.[1]);
  return { perSecond, cpuUs: (after.cpuUs - before.cpuUs) / calls };
}

/** Resident bytes that an idle connection costs. */
async function idle(engine: Engine): Promise<number> {
  const warmUp = 1_000;
  const connections = 8_000;
  using server = await start(engine, "cleartext");
  const greeting = Buffer.concat([
    clientPreface,
    Buffer.from("000000040000000000", "hex"),
    Buffer.from("000000040100000000", "hex"),
  ]);
  const open = async () => {
    const socket = connect(server.port, "127.0.0.1");
    socket.write(greeting);
    await once(socket, "data");
    return socket;
  };
  const sockets: Socket[] = [];
  const grow = async (count: number) => {
    while (sockets.length < count) {
      sockets.push(...(await Promise.all(Array.from({ length: 100 }, open))));
    }
    return await server.report();
  };
  // The first ones pay for code and for room to grow.
  const before = await grow(warmUp);
  const after = await grow(warmUp + connections);
  for (const socket of sockets) socket.destroy();
  return (after.rssBytes - before.rssBytes) / connections;
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

try {
  await run("h2load", ["--version"]);
} catch {
  console.log("skipped: h2load (Debian's nghttp2-client) is not installed");
  process.exit();
}

for (const each of process.argv[3] === "idle" ? [] : cases) {
  const seen = { polygate: [], node: [] } as Record<Engine, { perSecond: number; cpuUs: number }[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const engine of engines) seen[engine].push(await load(engine, each));
  }
  const [ours, nodes] = engines.map((engine) => ({
    perSecond: median(seen[engine].map(({ perSecond }) => perSecond)),
    cpuUs: median(seen[engine].map(({ cpuUs }) => cpuUs)),
  }));
  if (ours === undefined || nodes === undefined) continue;
  console.log(
    `${each.name.padEnd(26)} ${ours.perSecond.toFixed(0).padStart(8)}/s ${ours.cpuUs.toFixed(1).padStart(7)} µs   node:http2 ${nodes.perSecond.toFixed(0).padStart(7)}/s ${nodes.cpuUs.toFixed(1).padStart(7)} µs   CPU ratio ${(ours.cpuUs / nodes.cpuUs).toFixed(2)}`,
  );
}
for (const engine of engines) {
  console.log(
    `idle connection, ${engine}: ${((await idle(engine)) / 1000).toFixed(1)} kB resident`,
  );
}
