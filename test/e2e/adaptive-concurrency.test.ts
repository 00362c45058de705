/** What a provider takes at one time, on the real wire: the gateway finds out, and says so. */

import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { startTestGateway } from "../support/gateway.ts";
import { startProvider } from "../support/provider-double.ts";
import { grpcTo } from "../support/transports.ts";

const admin = "an-admin-key-that-is-long-enough";

test("an adaptive limit grows by calls that succeed, falls by 429, and is shown by metrics and BackendsService", async () => {
  await using provider = await startProvider("openai-chat");
  await using gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: ops, key: ${admin}, scopes: [admin] }] }
load_balancer: { retry_attempts: 0 }
providers:
  double: { dialect: openai, base_url: "${provider.url}", api_key: k, adaptive_concurrency: { min: 2, max: 40 }, queue_max: 1000, queue_wait: 60s }
`,
  });
  const ask = () =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
      body: '{"model": "double", "messages": [{"role": "user", "content": "Hi"}]}',
    }).then(async (response) => {
      await response.arrayBuffer();
      return response.status;
    });
  const backends = createClient(BackendsService, grpcTo(gateway.url, admin));
  const limits = async () => {
    const page = await (await fetch(`${gateway.url}/metrics`)).text();
    const [, value] =
      /^load_balancer_concurrency_limit\{provider="double",core="double"\} (\d+)$/m.exec(page) ??
      [];
    const { backends: all } = await backends.listBackends({});
    const shown = all.find(({ name }) => name === "double")?.endpoints[0]?.concurrencyLimit;
    return { metric: Number(value), shown };
  };
  expect(await limits()).toEqual({ metric: 2, shown: 2 });

  // It takes as many as it is given, and each takes it long enough for the others to be there.
  provider.illness = () => ({ kind: "hold", frames: 0, until: sleep(50) });
  const statuses = await Promise.all(Array.from({ length: 60 }, ask));
  expect(new Set(statuses)).toEqual(new Set([200]));
  const grown = await limits();
  expect(grown.metric).toBeGreaterThan(8);
  expect(grown.shown).toBe(grown.metric);

  // Now it refuses all.
  provider.illness = () => ({
    kind: "status",
    status: 429,
    body: { error: { message: "slow down" } },
  });
  await ask();
  const fallen = await limits();
  expect(fallen.metric).toBe(Math.floor(grown.metric * 0.9));
});
