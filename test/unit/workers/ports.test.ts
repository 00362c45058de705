/** Ports that are open before anybody serves: what comes is kept, within a bound, and served or closed. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { openPorts } from "#workers/ports.ts";

const addresses = ["one", "other"].map((name) => ({ name, host: "127.0.0.1", port: 0 }));

async function connected(port: number | undefined): Promise<Socket> {
  const socket = connect(port ?? 0, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

test("connections that come early are served first, in their order; those beyond the bound are closed", async () => {
  await using ports = await openPorts(addresses, 2);
  const clients: Socket[] = [];
  for (const place of [1, 0, 0]) clients.push(await connected(ports.numbers[place]));
  await once(clients[2] as Socket, "close");
  const served: number[] = [];
  const late = Promise.withResolvers<void>();
  ports.serve((listener, socket) => {
    served.push(listener);
    socket.destroy();
    if (served.length === 3) late.resolve();
  });
  expect(served).toEqual([1, 0]);
  await connected(ports.numbers[1]);
  await late.promise;
  expect(served).toEqual([1, 0, 1]);
});

test("ports that close before anybody serves close the connections that wait", async () => {
  const ports = await openPorts(addresses, 8);
  const client = await connected(ports.numbers[0]);
  const closed = once(client, "close");
  await ports[Symbol.asyncDispose]();
  await closed;
  await expect(connected(ports.numbers[0])).rejects.toMatchObject({ code: "ECONNREFUSED" });
});
