/** Calls of one client share so many connections; the others wait. */

import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { HttpClient } from "#http-client/client.ts";

test("no more connections are open than may be: further calls wait for one, or leave without being sent", async () => {
  const paths: string[] = [];
  const held: ServerResponse[] = [];
  let connections = 0;
  let arrived = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    paths.push(request.url ?? "");
    held.push(response);
    if (held.length === 2) arrived.resolve();
  }).on("connection", () => {
    connections += 1;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await using client = new HttpClient(`http://127.0.0.1:${port}`, {
    connectionsMax: 2,
    connectTimeoutMs: 5_000,
  });
  const send = async (path: string, signal = new AbortController().signal) => {
    const times = { headTimeoutMs: 5_000, idleTimeoutMs: 5_000 };
    const response = await client.send({ method: "GET", path, headers: {}, signal, ...times });
    return Buffer.from((await response.bytes(100)) ?? "").toString();
  };
  const leave = new AbortController();
  const first = [send("/1"), send("/2")];
  await arrived.promise;
  const left = send("/left", leave.signal);
  const waiting = [send("/3"), send("/4")];
  leave.abort(new Error("the caller left"));
  await expect(left).rejects.toThrow("the caller left");
  arrived = Promise.withResolvers();
  for (const response of held.splice(0)) response.end("done");
  expect(await Promise.all(first)).toEqual(["done", "done"]);
  await arrived.promise;
  for (const response of held.splice(0)) response.end("done");
  expect(await Promise.all(waiting)).toEqual(["done", "done"]);
  expect([connections, new Set(paths)]).toEqual([2, new Set(["/1", "/2", "/3", "/4"])]);
  server.close();
  server.closeAllConnections();
});
