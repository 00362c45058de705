/** The access line of a call: which backend it went to, how often, and why it failed. */

import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { createLogger } from "#observability/logger.ts";
import { startCore } from "../../src/core-server.ts";
import { freePort } from "../support/free-port.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";

async function chat(gateway: RunningGateway) {
  const answer = await fetch(`${gateway.url}/api/v1/chat`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"message": "hello"}',
  });
  const body = await answer.text();
  const line = await gateway.line(({ msg }) => msg === "call");
  return { status: answer.status, body, line };
}

const withCores = (transport: string, ...urls: readonly string[]) => `
gateway: { host: 127.0.0.1, port: 0, health_check_timeout: 500ms }
cores: [${urls.map((url) => `{ url: "${url}", transport: ${transport} }`).join(", ")}]
`;

describe.each(["http2", "grpc-js"])("over %s", (transport) => {
  test.each([
    {
      name: "a name that cannot be resolved",
      url: async () => "http://core.invalid:8001",
      error: /ENOTFOUND|EAI_AGAIN|Name resolution failed/,
    },
    {
      name: "a refused connection",
      url: async () => `http://127.0.0.1:${await freePort()}`,
      error: /ECONNREFUSED/,
    },
  ])("$name is the cause in the log, of the core's health and of the call", async (row) => {
    const url = await row.url();
    await using gateway = await startTestGateway({ yaml: withCores(transport, url) });
    const health = await gateway.line(({ msg }) => msg === "core health");
    expect(health).toMatchObject({ level: "warn", core: "core-1", health: "unhealthy" });
    expect(health.error).toMatch(row.error);
    expect(health.elapsed_ms).toBe(Math.round(Number(health.elapsed_ms) * 1000) / 1000);
    const { status, body, line } = await chat(gateway);
    expect(status).toBe(503);
    expect(line).toMatchObject({ level: "error", reason: "POOL_EMPTY", status: 503 });
    expect(line.error).toMatch(row.error);
    expect(body).not.toMatch(row.error);
    expect(body).not.toContain(new URL(url).host);
  });
});

test("a core that says nothing is a time-out in the log", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = silent.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const yaml = withCores("http2", `http://127.0.0.1:${port}`);
  await using gateway = await startTestGateway({ yaml });
  await gateway.line(({ msg }) => msg === "core health");
  const { line } = await chat(gateway);
  silent.close();
  expect(line.error).toMatch(/no response within 500 ms/);
});

test("a call that went to two cores names the last one and their number", async () => {
  const speed = { host: "127.0.0.1", port: 0, latencyMs: 0, tokenIntervalMs: 0, seed: 1 };
  const quiet = createLogger({ level: "error", format: "json", output: "stderr" });
  const core = (failureRate: number) =>
    startCore({ ...speed, failureRate, failAfterTokens: 0 }, quiet);
  await using failing = await core(1);
  await using sound = await core(0);
  const yaml = withCores("http2", failing.url, sound.url);
  await using gateway = await startTestGateway({ yaml });
  // In turns: one of two calls begins at the core that fails.
  expect([(await chat(gateway)).status, (await chat(gateway)).status]).toEqual([200, 200]);
  const retried = await gateway.line(({ attempts }) => attempts !== undefined);
  expect(retried).toMatchObject({ msg: "call", code: "OK", upstream: "core-2", attempts: 2 });
});
