/** HTTP/2 by the project's own engine. */

import { Http2Server } from "#http2/server.ts";
import { EngineExchange } from "./engine-exchange.ts";
import { malformedFields, type Wire, type WireHandlers, type WireLimits } from "./wire.ts";

/** The longest time that a timer can hold; the listener bounds a drain before that. */
const timerMsMax = 2_147_483_647;

/** The wire of HTTP/2. */
export function http2EngineWire(
  { exchange, malformed, connectionFailed }: WireHandlers,
  { buffers, ages }: WireLimits,
): Wire {
  const server = new Http2Server({
    buffers,
    onStream: (stream, socket) => exchange(new EngineExchange("2", stream, socket)),
    onRefusedHead({ status, message }) {
      const answer = malformed(message, status);
      const { requestId, body } = answer;
      connectionFailed("http2_malformed", { requestId });
      return { fields: malformedFields(answer), body };
    },
    onFailure: (reason) => connectionFailed(reason),
  });
  return {
    take(socket) {
      const connection = server.take(socket);
      ages?.watch(socket, () => connection.drain("max_age"));
      socket.resume();
      return connection;
    },
    drain: () => void server.drain(timerMsMax),
    close: () => server[Symbol.asyncDispose](),
  };
}
