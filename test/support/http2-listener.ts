/** An HTTP/2 server of ours on a free port, and the streams that it got. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { Http2Server, type Http2ServerOptions } from "#http2/server.ts";
import { serverTls } from "./tls.ts";

/** A server that listens. */
export interface Http2Listener extends AsyncDisposable {
  readonly port: number;
  readonly server: Http2Server;
  /** Why connections were ended. */
  readonly failures: string[];
}

/** Listens on loopback; `tls` uses the test certificates and offers h2 alone. */
export async function http2Listener(
  options: Http2ServerOptions & { readonly tls?: boolean },
): Promise<Http2Listener> {
  const failures: string[] = [];
  const server = new Http2Server(
    { ...options, onFailure: (debug) => failures.push(debug) },
    systemClock,
    seededRng(1),
  );
  const listener: Server =
    options.tls === true
      ? createTlsServer(
          {
            cert: readFileSync(serverTls.certFile),
            key: readFileSync(serverTls.keyFile),
            ALPNProtocols: ["h2"],
          },
          (socket) => server.take(socket),
        )
      : createServer({ noDelay: true }, (socket) => server.take(socket));
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    server,
    failures,
    async [Symbol.asyncDispose]() {
      listener.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
