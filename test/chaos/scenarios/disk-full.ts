/** 7: the disk of history, keys, audit and log is full. */

import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startCore } from "../cores.ts";
import { type ChaosGateway, startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import type { Scenario } from "../scenario.ts";
import { mountDisk } from "../tmpfs.ts";

const pollMs = 100;
const auditMs = 20;
const patienceMs = 10_000;

/** Services of /health that are not well, by name. */
async function unwell({ url }: ChaosGateway): Promise<readonly string[]> {
  const response = await fetch(`${url}/api/v1/health`);
  const { services } = (await response.json()) as {
    services: Readonly<Record<string, { readonly status: string }>>;
  };
  return Object.entries(services).flatMap(([name, { status }]) =>
    status === "degraded" || status === "unhealthy" ? [name] : [],
  );
}

/** Calls that leave a line in the audit, until it is disposed of. */
function audited({ url }: ChaosGateway): AsyncDisposable {
  const stop = new AbortController();
  const asking = (async () => {
    while (!stop.signal.aborted) {
      // It ends before this does.
      await fetch(`${url}/api/v1/requests`)
        .then((response) => response.arrayBuffer())
        .catch(() => {});
      await sleep(auditMs);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await asking;
    },
  };
}

async function until(is: () => Promise<boolean>): Promise<boolean> {
  const endMs = performance.now() + patienceMs;
  while (performance.now() < endMs) {
    if (await is()) return true;
    await sleep(pollMs);
  }
  return false;
}

/** What cannot be read of a file of JSON lines: half lines, where the disk was full, and others. */
function unreadable(path: string): { readonly torn: number; readonly others: number } {
  const begin = /^\{"(?:level|time)":/;
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !isJson(line));
  // Half a line is the beginning of one, and nothing that belongs to another.
  const torn = lines.filter((line) => begin.test(line) && !/.\{"(?:level|time)":/.test(line));
  return { torn: torn.length, others: lines.length - torn.length };
}

function isJson(line: string): boolean {
  try {
    return typeof JSON.parse(line) === "object";
  } catch {
    return false;
  }
}

/** See docs/design/chaos.md. */
export const diskFull: Scenario = {
  number: "7",
  name: "disk full: SQLite of history and audit, and the log, on 4 MB of tmpfs",
  passesWhen:
    "calls go on; health degraded by name; recovers by itself, and what was written is whole",
  isTimed: false,
  async run(context) {
    await using disk = await mountDisk(4_096);
    await using core = await startCore();
    const path = (name: string) => join(disk.path, name);
    const log = openSync(path("log"), "a");
    const config = {
      cores: [{ url: core.url }],
      history: { path: path("history.db") },
      audit: { output: path("audit.log") },
    };
    await using gateway = await startGateway(context, { config, log });
    closeSync(log);
    await using load = new Load(context, {
      gateways: [gateway],
      unaryPerSecond: 100,
      connectionsPerSecond: 20,
    });
    context.tell(`${load.text()}; history, audit and log are on a small disk`);
    await using _asking = audited(gateway);
    await sleep(1_000);
    const before = await unwell(gateway);
    context.claim("what is not well before", before.join(", ") || "nothing", before.length === 0);
    load.next();
    context.tell("the disk is filled");
    disk.fill();
    const isTold = await until(async () => (await unwell(gateway)).includes("history"));
    await sleep(context.isShort ? 1_000 : 30_000);
    context.claim("health names what is degraded", (await unwell(gateway)).join(", "), isTold);
    // The last page of its file takes some lines yet.
    const lost = async () =>
      (await gateway.metric("gateway_records_lost_total", 'record="audit"')) ?? 0;
    await until(async () => (await lost()) > 0);
    const lostLines = await lost();
    const { unary, streams, connections } = load.next();
    context.tell("space is given back");
    const sizeFull = statSync(path("log")).size;
    disk.free();
    const isWell = await until(async () => (await unwell(gateway)).length === 0);
    context.claim("well again by itself", (await unwell(gateway)).join(", ") || "all", isWell);
    const isWriting = await until(async () => statSync(path("log")).size > sizeFull + 1_000);
    context.claim("the log is written again", isWriting ? "yes" : "no", isWriting);
    await load.end();
    context.claim("the gateway", gateway.end ?? "lives", gateway.end === undefined);
    context.claim("unary calls", unary.text(), unary.failed === 0 && unary.count > 0);
    context.claim("streams", streams.text(), streams.failed === 0);
    context.claim("calls on new connections", connections.text(), connections.failed === 0);
    gateway.signal("SIGTERM");
    context.claim("ends", await gateway.ended(), gateway.end === "0");
    for (const name of ["log", "audit.log"]) {
      const { torn, others } = unreadable(path(name));
      const text = `${torn} half lines, ${others} others`;
      context.claim(`unreadable in the ${name}`, text, torn <= 2 && others === 0);
    }
    context.claim("lost lines of the audit that are counted", lostLines, lostLines > 0);
  },
};
