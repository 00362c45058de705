/** The health of a whole gateway is told whatever else waits. */

import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { startTestGateway } from "../support/gateway.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("it is told with the last known disk while every thread for files is taken", async () => {
  await using gateway = await startTestGateway();
  await using folder = await temporaryFolder();
  const pipe = join(folder.path, "pipe");
  execFileSync("mkfifo", [pipe]);
  // Opening a pipe without a writer takes a thread until there is one.
  const opening = Array.from({ length: 64 }, () => open(pipe, "r"));
  // The client shares the threads: decompressing would need one.
  const headers = { "accept-encoding": "identity" };
  const answer = await fetch(`${gateway.url}/health`, { headers });
  const body = (await answer.json()) as { gateway: { disk: { total_bytes: number } } };
  const writer = openSync(pipe, "r+");
  for (const file of await Promise.all(opening)) await file.close();
  closeSync(writer);
  expect([answer.status, body]).toMatchObject([
    200,
    { status: "healthy", gateway: { disk: { total_bytes: expect.any(Number) } } },
  ]);
  expect(body.gateway.disk.total_bytes).toBeGreaterThan(0);
});

test("a store that takes nothing is named, and the gateway is degraded until it does again", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "history.db");
  const yaml = `
gateway: { host: 127.0.0.1, port: 0 }
history: { path: ${JSON.stringify(path)} }
`;
  await using gateway = await startTestGateway({ yaml });
  const look = async () => {
    const response = await fetch(`${gateway.url}/api/v1/health`);
    const { status, services } = (await response.json()) as Record<string, unknown> & {
      services: Readonly<Record<string, unknown>>;
    };
    return { status, history: services.history };
  };
  const chat = async () => {
    const headers = { "content-type": "application/json" };
    const body = '{"message":"hi"}';
    await fetch(`${gateway.url}/api/v1/chat`, { method: "POST", headers, body });
  };
  const well = { status: "healthy", history: { status: "healthy" } };
  expect(await look()).toMatchObject(well);
  using other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  await chat();
  await gateway.line(({ msg }) => msg === "history cannot be written");
  const error = "it does not take what is written";
  expect(await look()).toMatchObject({
    status: "degraded",
    history: { status: "degraded", error },
  });
  other.exec("ROLLBACK");
  await gateway.line(({ msg }) => msg === "history is written again");
  expect(await look()).toMatchObject(well);
});
