/** A thread that is to take another one's place does so once it reaches what that one reaches; where it cannot that one stays. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { fromSource, startProcess } from "../support/polygate-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { grpcTo } from "../support/transports.ts";

test("a thread whose first probe fails is probed again before it takes another one's place", async () => {
  let failures = 0;
  await using server = createServer((_, response) => {
    const isFailing = failures > 0;
    if (isFailing) failures -= 1;
    response.writeHead(isFailing ? 503 : 200, { "content-type": "application/json" });
    response.end('{"object":"list","data":[{"id":"double","object":"model"}]}');
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  await using folder = await temporaryFolder();
  // After a failure the next probe of its own accord is sixteen seconds away.
  const config = await folder.write(
    "gateway.yaml",
    `workers: 2
auth: { anonymous_scopes: [admin] }
load_balancer: { health_check_interval: 40s }
providers: { gpu: { dialect: openai, base_url: "http://127.0.0.1:${port}", api_key: k } }
listeners: [{ name: plain, host: 127.0.0.1, port: 0 }]
`,
  );
  await using gateway = await startProcess({ command: fromSource("serve", "--config", config) });
  const states = async () => {
    const client = createClient(BackendsService, grpcTo(gateway.urls[0] ?? ""));
    const { backends } = await client.listBackends({});
    return backends.find(({ name }) => name === "gpu")?.endpoints.map(({ status }) => status);
  };
  await vi.waitUntil(async () => (await states())?.join() === "healthy", { timeout: 20_000 });
  failures = 1;
  gateway.signal("SIGUSR2");
  await vi.waitUntil(() => gateway.output().includes("thread is replaced"), { timeout: 30_000 });
  expect(failures).toBe(0);
  // The new thread has no connections, so that the next ones are its own and the other one's in turn.
  expect([await states(), await states()]).toEqual([["healthy"], ["healthy"]]);
  server.closeAllConnections();
}, 60_000);

/** Cannot be loaded any more once there is a file of that name. */
const fragile = `import { existsSync } from "node:fs";
if (existsSync(new URL("broken", import.meta.url))) throw new Error("broken by a test");
export default { before: () => ({ action: "allow" }) };`;

test("a thread that cannot start in another one's place is no crash: that one serves on, however often it is tried", async () => {
  await using folder = await temporaryFolder();
  await folder.write("hook.mjs", fragile);
  await folder.write("models/empty", "");
  const config = await folder.write(
    "gateway.yaml",
    `workers: 2
models: { path: models }
hooks: [{ name: judge, module: hook.mjs }]
listeners: [{ name: plain, host: 127.0.0.1, port: 0 }]
`,
  );
  await using gateway = await startProcess({ command: fromSource("serve", "--config", config) });
  await folder.write("broken", "");
  for (const round of [1, 2]) {
    gateway.signal("SIGUSR2");
    const failures = () => gateway.output().split("threads stay as they are").length - 1;
    await vi.waitUntil(() => failures() === round, { timeout: 30_000 });
  }
  expect(gateway.output()).toContain("broken by a test");
  expect(gateway.output()).not.toContain("crashed");
  const metrics = await (await fetch(`${gateway.urls[0]}/metrics`)).text();
  expect(metrics).toContain("gateway_worker_handover_failures_total 2");
  expect(metrics).toMatch(/^gateway_workers 2$/m);
  expect(metrics).not.toContain('gateway_worker_starts_total{cause="crash"}');
}, 120_000);
