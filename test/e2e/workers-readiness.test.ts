/** A thread that is to take another one's place does so once it reaches what that one reaches. */

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
