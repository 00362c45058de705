/** A history in PostgreSQL, from `DATABASE_URL` to GetPerformance, on whole gateways and a real server. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { freePort } from "../support/free-port.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { describeWith } from "../support/needs.ts";
import { fromSource, startProcess } from "../support/polygate-process.ts";
import { missingPostgres, type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { grpcTo } from "../support/transports.ts";

const yaml = "gateway: { host: 127.0.0.1, port: 0 }\nhistory: { cache_ttl: 0s }";

const gatewayOn = (url: string) => startTestGateway({ yaml, env: { DATABASE_URL: url } });

async function chats(gateway: RunningGateway, count: number): Promise<void> {
  const client = createClient(ChatService, grpcTo(gateway.url));
  for (let call = 0; call < count; call += 1) await client.chat({ message: "hello" });
}

/** What GetPerformance has of the embedded core. */
async function counted(gateway: RunningGateway) {
  const stats = createClient(StatsService, grpcTo(gateway.url));
  const { providerStats, lost } = await stats.getPerformance({});
  return { requests: providerStats.embedded?.totalRequests ?? 0, lost };
}

/** How often each line about the history was logged. */
function linesOf({ lines }: RunningGateway) {
  const told = lines.filter(({ msg }) => String(msg).includes("history"));
  return told.map(({ level, msg }) => `${level}: ${msg}`);
}

async function migrate(env: Readonly<Record<string, string>>) {
  const [file = "", ...args] = fromSource("migrate");
  const child = spawn(file, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, ...env },
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code, out, err };
}

test("polygate migrate without a database says what to set", async () => {
  expect(await migrate({})).toEqual({
    code: 1,
    out: "",
    err: "no database to migrate: set DATABASE_URL or history.url\n",
  });
});

test("polygate migrate on a server that is not there fails, and keeps the password for itself", async () => {
  const port = await freePort();
  const url = `postgres://someone:never-to-be-seen@127.0.0.1:${port}/history`;
  expect(await migrate({ DATABASE_URL: url })).toEqual({
    code: 1,
    out: "",
    err: `history.url: the database cannot be used: connect ECONNREFUSED 127.0.0.1:${port}\n`,
  });
});

describeWith(missingPostgres)("a history in PostgreSQL", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test("is there after a restart, the calls of the last moment included, and shared by gateways", async () => {
    const url = await server.database();
    {
      await using before = await gatewayOn(url);
      await chats(before, 3);
    }
    await using after = await gatewayOn(url);
    await using other = await gatewayOn(url);
    expect(await counted(after)).toEqual({ requests: 3, lost: 0 });
    await Promise.all([chats(after, 2), chats(other, 4)]);
    await counted(other);
    expect(await counted(after)).toEqual({ requests: 9, lost: 0 });
    expect(linesOf(after)).toEqual([]);
  });

  test("loses nothing while the server is away: no call fails, one line tells, another that it is back", async () => {
    const url = await server.database();
    await using gateway = await gatewayOn(url);
    await chats(gateway, 2);
    expect(await counted(gateway)).toEqual({ requests: 2, lost: 0 });
    await server.stop();
    await chats(gateway, 5);
    const { error } = await gateway.line(({ msg }) => msg === "history cannot be written");
    expect(error).toMatch(/ECONNREFUSED|terminat/);
    const response = await fetch(`${gateway.url}/api/monitoring/performance`);
    expect([response.status, await response.json()]).toEqual([
      503,
      {
        error: expect.objectContaining({
          code: "HISTORY_UNAVAILABLE",
          message: expect.stringContaining("the history cannot be read now"),
        }),
      },
    ]);
    await server.start();
    await gateway.line(({ msg }) => msg === "history is written again");
    expect(await counted(gateway)).toEqual({ requests: 7, lost: 0 });
    expect(linesOf(gateway)).toEqual([
      "error: history cannot be written",
      "info: history is written again",
    ]);
    expect(JSON.stringify(gateway.lines)).not.toContain(new URL(url).password);
  });

  test("whose server is away at the start has its tables made once it is there, with the calls until then", async () => {
    const url = await server.database();
    await server.stop();
    await using gateway = await gatewayOn(url);
    await chats(gateway, 3);
    await gateway.line(({ msg }) => msg === "history cannot be written");
    await server.start();
    await gateway.line(({ msg }) => msg === "history is written again");
    expect(await counted(gateway)).toEqual({ requests: 3, lost: 0 });
    expect(linesOf(gateway)).toEqual([
      "warn: the database of the history is away",
      "error: history cannot be written",
      "info: history is written again",
    ]);
    expect(JSON.stringify(gateway.lines)).not.toContain(new URL(url).password);
  });

  test("that somebody must see to stops the start, named by its setting, without the password", async () => {
    const url = new URL(await server.database());
    url.pathname = "/nowhere";
    const thrown: unknown = await gatewayOn(url.href).catch((error: unknown) => error);
    expect(String(thrown)).toBe(
      'Error: history.url: the database cannot be used: database "nowhere" does not exist (3D000)',
    );
  });

  test("is migrated once by `polygate migrate`, as often as it is run", async () => {
    const url = await server.database();
    const first = await migrate({ DATABASE_URL: url });
    expect(first).toEqual({
      code: 0,
      out: "database migrated: 0001-history, 0002-keys, 0003-usage-by-group\n",
      err: "",
    });
    const second = await migrate({ DATABASE_URL: url });
    expect(second).toEqual({ code: 0, out: "database migrated: nothing to do\n", err: "" });
    await using gateway = await gatewayOn(url);
    await chats(gateway, 1);
    expect(await counted(gateway)).toEqual({ requests: 1, lost: 0 });
  });

  test("is migrated once by two gateways that start at the same time", async () => {
    const url = await server.database();
    const start = () =>
      startProcess({
        command: fromSource("serve", "--host", "127.0.0.1", "--port", "0"),
        env: { PATH: process.env.PATH, DATABASE_URL: url },
      });
    const gateways = await Promise.all([start(), start()]);
    expect(await server.query(url, "SELECT version FROM polygate_migrations")).toEqual([
      { version: 1 },
      { version: 2 },
      { version: 3 },
    ]);
    for (const gateway of gateways) {
      expect(await gateway.stop("SIGTERM")).toBe(0);
      expect(gateway.output()).not.toContain(new URL(url).password);
      await gateway[Symbol.asyncDispose]();
    }
  });
});
