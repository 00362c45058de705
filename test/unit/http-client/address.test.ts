/** A client that is told the address connects there, and speaks to the name of its origin. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { HttpClient } from "#http-client/client.ts";
import { clientTls, serverTls } from "../../support/tls.ts";

const call = {
  method: "GET",
  path: "/",
  headers: {},
  signal: new AbortController().signal,
  headTimeoutMs: 5_000,
  idleTimeoutMs: 5_000,
} as const;

test("the certificate, the handshake and Host are those of the name", async () => {
  const seen: unknown[] = [];
  const server = createServer(
    { cert: readFileSync(serverTls.certFile), key: readFileSync(serverTls.keyFile) },
    (request, response) => {
      const { servername } = request.socket as TLSSocket & { servername?: unknown };
      seen.push(request.headers.host, servername, request.socket.localAddress);
      response.end("here");
    },
  );
  server.listen(0, "127.0.0.2");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const options = {
    ...{ connectionsMax: 1, connectTimeoutMs: 5_000, ca: clientTls.ca },
    address: "127.0.0.2",
  };
  await using named = new HttpClient(`https://localhost:${port}`, options);
  const response = await named.send(call);
  expect(Buffer.from((await response.bytes(100)) ?? []).toString()).toBe("here");
  expect(seen).toEqual([`localhost:${port}`, "localhost", "127.0.0.2"]);
  // The certificate is good for localhost alone: at the same address another name is refused.
  await using other = new HttpClient(`https://other.test:${port}`, options);
  await expect(other.send(call)).rejects.toMatchObject({ failure: "connect" });
  server.closeAllConnections();
  server.close();
});
