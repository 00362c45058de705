/** Whether the running Node can hand an accepted connection over to another thread. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { MessageChannel } from "node:worker_threads";

/** The first Node that can. */
const firstNode = "26.6";

/** Tries it, with a connection to this process itself; throws an error in words where it cannot be done. */
export async function requireTransferable(): Promise<void> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const { port1, port2 } = new MessageChannel();
  try {
    const [socket] = (await once(server, "connection")) as [Socket];
    try {
      port1.postMessage(socket, [socket]);
    } catch (cause) {
      socket.destroy();
      throw new Error(
        `workers: more than one needs Node ${firstNode} or later, which hands connections to threads; this is ${process.versions.node}`,
        { cause },
      );
    }
  } finally {
    client.destroy();
    server.close();
    port1.close();
    port2.close();
  }
}
