/** Whose turn it is on a connection of node:http, which hands an upgrade over while earlier responses still wait. */

import type { Socket } from "node:net";
import type { ServerResponse } from "./node-http.ts";

/** Where node:http keeps the response that has its turn; those after it follow by themselves. */
interface HttpSocket extends Socket {
  readonly _httpMessage?: ServerResponse | null;
}

/**
 * Calls `then` once all responses to earlier requests are sent, at once when there are none; not at
 * all when the connection breaks before. Else what answers the upgrade would stand in their place.
 */
export function afterResponses(socket: HttpSocket, then: () => void): void {
  const { _httpMessage: response } = socket;
  if (response) {
    response.once("close", () => {
      if (!socket.destroyed) afterResponses(socket, then);
    });
  } else then();
}
