/** The health of a whole gateway is told whatever else waits. */

import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
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
