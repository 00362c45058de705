/** What node:http understands of bytes that a client sends. */

import { createServer, type IncomingMessage } from "node:http";
import { duplexPair } from "node:stream";
import type { TakenRequest } from "./http1-harness.ts";

/** A request, and what has come of its body. */
interface Arrival {
  readonly request: IncomingMessage;
  readonly pieces: Buffer[];
}

function takenFrom({ request, pieces }: Arrival): TakenRequest {
  const { method = "", url = "", rawHeaders } = request;
  const fields: (readonly [string, string])[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    fields.push([(rawHeaders[index] ?? "").toLowerCase(), rawHeaders[index + 1] ?? ""]);
  }
  return { method, path: url, fields, body: Buffer.concat(pieces).toString("latin1") };
}

/** Takes the requests of one connection after the other. */
export class NodeHttpTaker {
  #arrivals: Arrival[] = [];
  readonly #server = createServer(
    { insecureHTTPParser: false, maxHeaderSize: 16 * 1024 },
    (request, response) => {
      const pieces: Buffer[] = [];
      this.#arrivals.push({ request, pieces });
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("error", () => {});
      request.on("end", () => response.end());
    },
  );

  constructor() {
    // Not at once: what was understood before the error is still on its way to the listeners.
    this.#server.on("clientError", (_error, socket) => setImmediate(() => socket.destroy()));
  }

  /** The requests that were whole, up to the first that was refused. */
  async take(bytes: Buffer): Promise<readonly TakenRequest[]> {
    this.#arrivals = [];
    const [client, server] = duplexPair();
    client.on("error", () => {}).resume();
    const closed = new Promise<void>((resolve) => server.once("close", resolve));
    this.#server.emit("connection", server);
    client.end(bytes);
    await closed;
    client.destroy();
    return this.#arrivals.filter(({ request }) => request.complete).map(takenFrom);
  }
}
