/** An HTTP/1.1 server of ours on a free port. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type Clock, systemClock } from "#core/clock.ts";
import { Http1Server, type Http1ServerOptions } from "#http1/server.ts";
import { serverTls } from "./tls.ts";

/** A server that listens. */
export interface Http1Listener extends AsyncDisposable {
  readonly port: number;
  readonly server: Http1Server;
}

/** How it listens, beside what it serves. */
export interface Http1ListenerOptions extends Omit<Http1ServerOptions, "onRefusal"> {
  readonly tls?: boolean;
  readonly clock?: Clock;
}

/** Listens on loopback; `tls` uses the test certificates. Refusals are answered with their message. */
export async function http1Listener(options: Http1ListenerOptions): Promise<Http1Listener> {
  const server = new Http1Server(
    { ...options, onRefusal: ({ message }) => ({ fields: [], body: message }) },
    options.clock ?? systemClock,
  );
  const take = (socket: Socket) => server.take(socket);
  const listener: Server =
    options.tls === true
      ? createTlsServer(
          { cert: readFileSync(serverTls.certFile), key: readFileSync(serverTls.keyFile) },
          take,
        )
      : createServer(take);
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    server,
    async [Symbol.asyncDispose]() {
      const closed = once(listener, "close");
      listener.close();
      await server[Symbol.asyncDispose]();
      await closed;
    },
  };
}
