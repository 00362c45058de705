/** An offer of another protocol that no one takes, on a server of node:http that listens for upgrades: a request like others. */

import type { IncomingMessage } from "node:http";
import { ServerResponse } from "./node-http.ts";

/** Responds to a request. */
export type ServeRequest = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Serves a request that node:http has made an upgrade of (RFC 9110 §7.8: a server may pass an offer
 * over, as HTTP clients that would rather speak h2c expect it to). The server's own listeners of
 * `request` get it, for they know all its paths; without a server `serve` does. node:http has let go
 * of the connection, which therefore closes after the response.
 */
export function declineUpgrade(request: IncomingMessage, serve: ServeRequest): void {
  const { socket } = request;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  // What node:http does on a connection that it has.
  socket.on("drain", () => response.emit("drain"));
  socket.on("error", () => {});
  response.once("finish", () => socket.destroySoon());
  if (socket.server) socket.server.emit("request", request, response);
  else serve(request, response);
}
