/** What clients see of a gateway whose port is open while its threads still start: they wait, and none is lost. */

import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test, vi } from "vitest";
import { freePort } from "../support/free-port.ts";
import { fromSource, startProcess } from "../support/polygate-process.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

vi.setConfig({ testTimeout: 120_000 });

/** A thread that loads it tells so, and has loaded once it may. */
const held = `import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { threadId } from "node:worker_threads";
const at = (name) => new URL(name, import.meta.url);
writeFileSync(at(\`loading-\${threadId}\`), "");
while (!existsSync(at("go"))) await sleep(5);
if (existsSync(at("broken"))) throw new Error("broken by a test");
export default { before: () => ({ action: "allow" }) };`;

/** A gateway of two threads that load until there is a file "go". */
async function loading(folder: TemporaryFolder) {
  const port = await freePort();
  await folder.write("hook.mjs", held);
  await folder.write("models/empty", "");
  const config = await folder.write(
    "gateway.yaml",
    `workers: 2
models: { path: models }
hooks: [{ name: held, module: hook.mjs }]
listeners: [{ name: plain, host: 127.0.0.1, port: ${port} }]
`,
  );
  const starting = startProcess({ command: fromSource("serve", "--config", config) });
  // Whoever awaits it gets the failure.
  starting.catch(() => {});
  return { port, starting };
}

/** Resolves with a connection as soon as the port takes one. */
async function connected(port: number): Promise<Socket> {
  return await vi.waitUntil(
    async () => {
      const socket = connect(port, "127.0.0.1");
      try {
        await once(socket, "connect");
        return socket;
      } catch {
        return undefined;
      }
    },
    { timeout: 60_000, interval: 5 },
  );
}

/** Asks for something over a connection that then ends; resolves with all that comes. */
function asked(socket: Socket): Promise<string> {
  socket.write("GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
  return text(socket);
}

/** Connections of each thread, the fewest first. */
async function connectionsOf(url: string | undefined): Promise<readonly number[]> {
  const told = await (await fetch(`${url}/metrics`, { headers: { connection: "close" } })).text();
  const lines = told.matchAll(/^gateway_worker_connections\{thread="\d"\} (\d+)$/gm);
  return Array.from(lines, ([, count]) => Number(count)).toSorted((one, other) => one - other);
}

test("connections that come before a thread serves wait for one, are spread evenly, and are all answered", async () => {
  await using folder = await temporaryFolder();
  const { port, starting } = await loading(folder);
  const first = await connected(port);
  const others = await Promise.all(Array.from({ length: 5 }, () => connected(port)));
  let served = 0;
  const sockets = [first, ...others];
  for (const socket of sockets) socket.once("data", () => (served += 1));
  const left = connect(port, "127.0.0.1");
  await once(left, "connect");
  left.destroy();
  const answers = sockets.slice(0, 2).map(asked);
  await vi.waitUntil(() => existsSync(`${folder.path}/loading-2`), { timeout: 60_000 });
  expect(served).toBe(0);
  await folder.write("go", "");
  await using gateway = await starting;
  for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  // Four that have not asked yet, and the one that asks for this.
  await vi.waitUntil(async () => (await connectionsOf(gateway.urls[0])).join() === "2,3", {
    timeout: 20_000,
  });
  const late = await Promise.all(sockets.slice(2).map(asked));
  for (const answer of late) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
});

test("a start that fails closes the connections that wait, and the process ends", async () => {
  await using folder = await temporaryFolder();
  const { port, starting } = await loading(folder);
  const answer = asked(await connected(port)).catch((error) => error.code);
  await folder.write("broken", "");
  await folder.write("go", "");
  await expect(starting).rejects.toThrow(/broken by a test/);
  expect(["", "ECONNRESET"]).toContain(await answer);
});
