/** What several threads give and cost: throughput and balance, reloads under load, start and memory. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { grpcCall } from "../support/calls.ts";
import { benchKey, framed } from "../support/chat.ts";
import type { Effort } from "../support/contest.ts";
import { gateway } from "../support/gateways.ts";
import { latenciesOf } from "../support/latency.ts";
import { type Call, load } from "../support/load.ts";
import { folder } from "../support/programs.ts";
import {
  allCores,
  isLoadAmongThem,
  loadCpuUs,
  type ServerProcess,
  startServer,
} from "../support/server-process.ts";
import { threadStartTimes } from "../support/start-up.ts";
import { figure, median, quantile } from "../support/statistics.ts";
import type { Suite } from "../support/suite.ts";
import type { Table } from "../support/table.ts";
import { coresLeft, workOf } from "../support/work.ts";

const threadCounts = [1, 2] as const;
/** A chat that the embedded core answers: no other process takes of the threads' cores. */
const request = create(ChatRequestSchema, { message: "What is the capital of Japan?" });
const embeddedCall: Call = { ...grpcCall, body: framed(toBinary(ChatRequestSchema, request)) };
/** What a call costs the thread that serves it. */
const callUs = 400;
/** As many for each of two threads; few, as gRPC has them. */
const pressure = { connections: 8, streams: 4 } as const;
const warmUpSeconds = 4;
const startTimeoutMs = 60_000;

/** Settings with which each chat costs the thread so many steps more. */
function working(steps: number): object {
  const module = `working-${steps}.mjs`;
  const program = `import { work } from ${JSON.stringify(import.meta.resolve("../support/work.ts"))};
export default {
  before() {
    globalThis.worked = work(${steps});
    return { action: "allow" };
  },
};`;
  writeFileSync(join(folder, module), program);
  return { hooks: [{ name: "working", module, timeout: "10s" }] };
}

/** Starts a gateway that answers: with several threads the port is open before they serve. */
async function answering(settings: object): Promise<ServerProcess> {
  await using starting = new AsyncDisposableStack();
  const command = gateway(settings);
  const server = starting.use(await startServer(command, { core: allCores, startTimeoutMs }));
  const { ok } = await fetch(`http://127.0.0.1:${server.port}/livez`);
  if (!ok) throw new Error("/livez says no");
  starting.move();
  return server;
}

/** The values of a metric's series whose labels hold a text. */
async function metric(port: number, name: string, label = ""): Promise<readonly number[]> {
  const headers = { authorization: `Bearer ${benchKey}`, connection: "close" };
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).text();
  return text
    .split("\n")
    .filter((line) => line.startsWith(name) && line.includes(label))
    .map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)));
}

/** Connections of each thread under load, the busiest beside a fair share. */
async function busiestShare(port: number, threads: number): Promise<number> {
  if (threads === 1) return 1;
  // The connection that asks is one of them; the difference of one is its own.
  const connections = await metric(port, "gateway_worker_connections");
  const busiest = Math.max(...connections);
  const others = connections.reduce((sum, one) => sum + one, 0) - 1;
  return Math.max(others / threads, busiest - 1) / (others / threads);
}

/** What a server achieves under full load, and what CPU of its own a call took. */
async function pressed({ port, cpuUs }: ServerProcess, seconds: number) {
  const [usedUs, loadStartUs] = [cpuUs(), loadCpuUs()];
  const { calls, seconds: taken } = await load(port, embeddedCall, pressure, seconds);
  return {
    rate: calls / taken,
    callUs: (cpuUs() - usedUs) / calls,
    left: coresLeft(2, { seconds: taken, loadUs: loadCpuUs() - loadStartUs }),
  };
}

/** Figures of one load on threads. */
interface Taken {
  readonly rate: number;
  /** The rate, had the load been on no core of theirs. */
  readonly apart: number;
  readonly callUs: number;
  /** The busiest thread's connections beside a fair share. */
  readonly share: number;
}

/** A gateway of so many threads, and what was measured of it. */
interface Way {
  readonly threads: number;
  readonly server: ServerProcess;
  readonly taken: Taken[];
}

/** Two threads beside one, where a call costs them much. */
async function throughput({ rounds, seconds }: Effort): Promise<Table> {
  const { steps, us } = workOf(callUs);
  await using running = new AsyncDisposableStack();
  const ways: Way[] = [];
  for (const threads of threadCounts) {
    const server = running.use(await answering({ workers: threads, ...working(steps) }));
    await load(server.port, embeddedCall, pressure, warmUpSeconds);
    ways.push({ threads, server, taken: [] });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { threads, server, taken } of ways) {
      const pressing = pressed(server, seconds);
      await sleep((seconds * 1_000) / 2);
      const share = await busiestShare(server.port, threads);
      const { left, ...figures } = await pressing;
      // One thread leaves a core to the load.
      const apart = isLoadAmongThem && threads > 1 ? (figures.rate * 2) / left : figures.rate;
      taken.push({ ...figures, apart, share });
    }
  }
  const middle = (way: Way | undefined, of: keyof Taken) =>
    median((way?.taken ?? []).map((taken) => taken[of]));
  const [one] = ways;
  return {
    title: `gRPC unary of ${callUs} µs and the embedded core's answer, by threads`,
    note: [
      `${pressure.connections} connections. The work of a call is ${steps} blocks of 4 KiB hashed, which took ${figure(us)} µs before the start.`,
      isLoadAmongThem
        ? "The load runs on one of two threads' two cores. What it took of them, by /proc, is given back to two threads: calls × 2 ÷ (2 − the cores that it had). One thread has a core of its own anyway."
        : "The load runs on a third core.",
      "The busiest thread's connections beside a fair share, the worst of all rounds.",
    ].join(" "),
    columns: [
      ...["threads", "calls a second", "beside one", "load apart", "beside one"],
      ...["CPU µs a call", "busiest to fair share"],
    ],
    rows: ways.map((way) => [
      String(way.threads),
      figure(middle(way, "rate")),
      figure(middle(way, "rate") / middle(one, "rate")),
      figure(middle(way, "apart")),
      figure(middle(way, "apart") / middle(one, "apart")),
      figure(middle(way, "callUs")),
      figure(Math.max(...way.taken.map(({ share }) => share))),
    ]),
  };
}

const callsPerSecond = 500;
const reloadEveryMs = 1_000;

/** Has the gateway read its configuration again, over and over, until it is stopped; every time it differs. */
function reloading(server: ServerProcess, settings: (count: number) => object) {
  const stopping = new AbortController();
  const { signal } = stopping;
  const over = (async () => {
    for (let count = 1; !signal.aborted; count += 1) {
      // Writes the file of this port.
      gateway(settings(count))(server.port);
      process.kill(server.pid, "SIGHUP");
      await sleep(reloadEveryMs, undefined, { signal }).catch(() => {});
    }
  })();
  return async () => {
    stopping.abort();
    await over;
  };
}

/** Latency before, during and after reloads. A call that fails ends the run. */
async function reloads({ rounds, seconds }: Effort): Promise<Table> {
  const rows: string[][] = [];
  for (const threads of threadCounts) {
    const settings = (count: number) => ({
      workers: threads,
      reload: { watch: false },
      cache: { ttl: `${count + 1}s` },
    });
    await using server = await answering(settings(0));
    await load(server.port, embeddedCall, pressure, warmUpSeconds);
    const pace = { perSecond: callsPerSecond, seconds, connections: pressure.connections };
    const taken: Record<"before" | "during" | "after", number[]> = {
      ...{ before: [], during: [], after: [] },
    };
    for (let round = 0; round < rounds; round += 1) {
      taken.before.push(...(await latenciesOf(server.port, embeddedCall, pace)));
      const stop = reloading(server, (count) => settings(round * 100_000 + count));
      taken.during.push(...(await latenciesOf(server.port, embeddedCall, pace)));
      await stop();
      await sleep(reloadEveryMs);
      taken.after.push(...(await latenciesOf(server.port, embeddedCall, pace)));
    }
    const [count = 0] = await metric(server.port, "config_reload_total", 'result="ok"');
    for (const [phase, latencies] of Object.entries(taken)) {
      rows.push([
        phase === "before" ? String(threads) : "",
        phase,
        phase === "during" ? String(count) : "",
        ...[0.5, 0.99, 1].map((share) => figure(quantile(latencies, share))),
      ]);
    }
  }
  return {
    title: `Latency of gRPC unary while the configuration is read again, ${callsPerSecond} calls a second`,
    note: `A reload is asked for each ${reloadEveryMs / 1_000} s; each differs. A call that fails ends the run, so there is none among these.`,
    columns: ["threads", "reloads", "taken", "p50 ms", "p99 ms", "most ms"],
    rows,
  };
}

/** The tables of threads. */
export const workersSuite: Suite = {
  title: "Several threads",
  tables: { throughput, reloads, start: (effort) => threadStartTimes(effort, threadCounts) },
};
