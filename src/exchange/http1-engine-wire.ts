/** HTTP/1.1 by the project's own engine. */

import { Http1Server } from "#http1/server.ts";
import { EngineExchange } from "./engine-exchange.ts";
import { Upgrade } from "./upgrade.ts";
import {
  headerBytesMax,
  malformedFields,
  type Wire,
  type WireHandlers,
  type WireLimits,
} from "./wire.ts";

/** The wire of HTTP/1.1. */
export function http1EngineWire(
  { exchange, upgrade, malformed, connectionFailed }: WireHandlers,
  { handshakeTimeoutMs, buffers, ages }: WireLimits,
): Wire {
  const server = new Http1Server({
    onExchange: (stream, socket) => exchange(new EngineExchange("1.1", stream, socket)),
    upgrades: {
      // Others, such as h2c, are offers that a server may pass over.
      takes: (protocol) => upgrade !== undefined && protocol === "websocket",
      onUpgrade({ exchange: stream, socket, rest }) {
        ages?.forget(socket);
        upgrade?.(new Upgrade(new EngineExchange("1.1", stream, socket), socket, rest));
      },
    },
    onRefusal({ message, status, reason }) {
      const answer = malformed(message, status);
      const { requestId, body } = answer;
      connectionFailed(reason, { requestId });
      return { fields: malformedFields(answer), body };
    },
    onGivenUp: (reason) => connectionFailed(reason),
    buffers,
    limits: { headBytesMax: headerBytesMax, headTimeoutMs: handshakeTimeoutMs },
  });
  return {
    take(socket) {
      const connection = server.take(socket);
      ages?.watch(socket, () => connection.grewOld());
      socket.resume();
      return connection;
    },
    drain: () => server.drain(),
    close: () => server[Symbol.asyncDispose](),
  };
}
