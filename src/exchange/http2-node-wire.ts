/** HTTP/2 by node:http2: the reference in tests and benchmarks, and the operator's way out. */

import { createServer, type ServerHttp2Session } from "node:http2";
import { NodeExchange } from "./node-exchange.ts";
import { headerBytesMax, type Wire, type WireHandlers, type WireLimits } from "./wire.ts";

const concurrentStreamsMax = 256;
/** Receive windows: room for a fast sender on a long path. */
const streamWindowBytes = 256 * 1024;
const connectionWindowBytes = 1024 * 1024;

/** Time for a client to respond to the PING of a drain. */
const pingTimeoutMs = 1_000;

/** Calls `next` when the client has had its say about all that was sent to it, or takes too long for that. */
function afterRoundTrip(session: ServerHttp2Session, next: () => void): void {
  const timer = setTimeout(next, pingTimeoutMs);
  const goOn = () => {
    clearTimeout(timer);
    next();
  };
  session.once("close", () => clearTimeout(timer));
  if (session.destroyed || !session.ping(goOn)) goOn();
}

/**
 * Says GOAWAY, and closes when the client has seen it: what it had sent meanwhile it knows to be not
 * processed. The module takes no stream after its first GOAWAY, so there is no second one.
 */
function retire(session: ServerHttp2Session): void {
  if (session.destroyed) return;
  session.goaway();
  afterRoundTrip(session, () => session.close());
}

/** The wire of HTTP/2, by Node's own module. */
export function http2NodeWire(
  { exchange, connectionFailed }: WireHandlers,
  { buffers, ages }: WireLimits,
): Wire {
  const sessions = new Set<ServerHttp2Session>();
  let isDraining = false;
  let newest: ServerHttp2Session | undefined;
  const server = createServer(
    {
      settings: {
        maxConcurrentStreams: concurrentStreamsMax,
        initialWindowSize: streamWindowBytes,
        maxHeaderListSize: headerBytesMax,
      },
    },
    (request, response) => void exchange(new NodeExchange(request, response, { buffers })),
  );
  // Whoever reads the body says 100 before, so that one which is too large is never asked for.
  server.on("checkContinue", (request, response) => {
    void exchange(new NodeExchange(request, response, { buffers, isUninvited: true }));
  });
  server.on("session", (session) => {
    session.setLocalWindowSize(connectionWindowBytes);
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    session.on("error", () => session.destroy());
    newest = session;
    // It was made before the drain began: what it sends at once is answered.
    if (isDraining) afterRoundTrip(session, () => retire(session));
  });
  // A session that breaks takes only its own streams with it.
  server.on("sessionError", () => connectionFailed("http2_session_error"));
  return {
    // node:http2 reads what was put back by itself; a socket made to flow again would lose it.
    take(socket) {
      newest = undefined;
      server.emit("connection", socket);
      const session = newest;
      if (session !== undefined) ages?.watch(socket, () => retire(session));
      return undefined;
    },
    drain() {
      isDraining = true;
      for (const session of sessions) retire(session);
    },
    async close() {
      // It never listened, so there is nothing to close.
    },
  };
}
