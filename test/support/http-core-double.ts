/** A core on a real port that speaks HTTP with JSON: a twin, an agent controller or a knowledge system. */

import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";

/** A call that the double received. */
export interface ReceivedCall {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
}

/** What it answers: JSON, bytes with a status, half of a response, or nothing at all. */
export type CoreReply =
  | { readonly json: unknown }
  | {
      readonly status: number;
      readonly bytes: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | "cut"
  | "silence";

/** A core. Disposing of it cuts its connections off. */
export interface HttpCoreDouble extends AsyncDisposable {
  readonly url: string;
  readonly received: ReceivedCall[];
  /** What the next calls are answered with, in order; then `reply`. */
  readonly next: CoreReply[];
  reply: CoreReply;
  /** Status by path of what health checks are answered with; other paths are 404. */
  health: Readonly<Record<string, number>>;
  /** Health checks that came, by path. */
  readonly checks: string[];
  /** Resolves when the next call that is not answered has been given up. */
  givenUp(): Promise<void>;
  /** Cuts all connections off and takes no new one; `up` takes them again, at the same address. */
  down(): Promise<void>;
  up(): Promise<void>;
}

/** Starts one that says `words` to everything. Absent `tls` means cleartext. */
export async function startHttpCore(words: string, tls?: ServerOptions): Promise<HttpCoreDouble> {
  const sockets = new Set<Socket>();
  const left: (() => void)[] = [];
  const serve: RequestListener = (request, response) => {
    const path = request.url ?? "";
    if (request.method === "GET") {
      double.checks.push(path);
      response.writeHead(double.health[path] ?? 404, { "content-type": "application/json" });
      response.end(`{"status":"as the head says"}`);
      return;
    }
    void (async () => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      const body = JSON.parse(Buffer.concat(pieces).toString());
      double.received.push({ path, headers: request.headers, body });
      response.once("close", () => {
        if (!response.writableFinished) for (const told of left.splice(0)) told();
      });
      const reply = double.next.shift() ?? double.reply;
      if (reply === "silence") return;
      if (reply === "cut") {
        response.writeHead(200, { "content-length": "1000" });
        response.write(`{"resp`, () => response.destroy());
        return;
      }
      const {
        status,
        bytes,
        headers = {},
      } = "json" in reply ? { status: 200, bytes: JSON.stringify(reply.json) } : reply;
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(bytes);
    })();
  };
  const server = tls === undefined ? createServer(serve) : createSecureServer(tls, serve);
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const down = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const double: HttpCoreDouble = {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    received: [],
    next: [],
    reply: {
      json: {
        response: words,
        conversation_id: "c-1",
        model_used: "double-1",
        usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
        tools_called: ["search"],
        processing_time_ms: 7,
      },
    },
    health: { "/health": 200 },
    checks: [],
    givenUp: () => new Promise((resolve) => left.push(resolve)),
    down,
    up: () => listen(port),
    [Symbol.asyncDispose]: down,
  };
  return double;
}
