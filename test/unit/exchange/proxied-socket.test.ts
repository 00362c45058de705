import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { type ProxyTakers, takeProxyHeader } from "#exchange/proxied-socket.ts";

/** A pair of sockets: the client's, and the one that was accepted. */
async function pair() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const client = connect(port, "127.0.0.1");
  const [accepted] = (await once(server, "connection")) as [Socket];
  server.close();
  client.on("error", () => {});
  accepted.on("error", () => {});
  return {
    client,
    accepted,
    [Symbol.dispose]() {
      client.destroy();
      accepted.destroy();
    },
  };
}

/** How the reading of a header ends. */
function ending(socket: Socket, timeoutMs: number) {
  return new Promise<unknown>((resolve) => {
    const takers: ProxyTakers = {
      taken: (source) => resolve({ source }),
      failed: (failure) => resolve({ failure }),
    };
    takeProxyHeader(socket, takers, timeoutMs);
  });
}

test("a header that does not come in time ends the connection", async () => {
  using sockets = await pair();
  sockets.client.write("PROXY TCP4 198.51.100.1 ");
  const closed = once(sockets.accepted, "close");
  expect(await ending(sockets.accepted, 50)).toEqual({ failure: "proxy_header_timeout" });
  await closed;
});

test("what comes behind it is still there to be read, and nothing of it", async () => {
  using sockets = await pair();
  sockets.client.write("PROXY TCP4 198.51.100.1 192.0.2.7 5555 443\r\nGET / ");
  const source = { address: "198.51.100.1", port: 5555 };
  expect(await ending(sockets.accepted, 10_000)).toEqual({ source });
  const read = once(sockets.accepted, "data");
  sockets.accepted.resume();
  expect(String((await read)[0])).toBe("GET / ");
});

test("bytes without end are refused once they cannot be one", async () => {
  using sockets = await pair();
  sockets.client.write(`PROXY UNKNOWN ${"x".repeat(100_000)}`);
  expect(await ending(sockets.accepted, 10_000)).toEqual({ failure: "proxy_header_malformed" });
  expect(sockets.accepted.destroyed).toBe(true);
});
