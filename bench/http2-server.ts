/** The server under measurement in bench/http2.ts: this engine or node:http2, in a process of its own. */

import { readFileSync } from "node:fs";
import { createSecureServer, createServer, type ServerHttp2Stream } from "node:http2";
import { createServer as createNetServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { Http2Server } from "#http2/server.ts";
import type { ServerStream } from "#http2/server-stream.ts";

const [engine = "polygate", wire = "cleartext"] = process.argv.slice(2);
const tls = {
  cert: readFileSync("test/fixtures/tls/server.crt"),
  key: readFileSync("test/fixtures/tls/server.key"),
  ALPNProtocols: ["h2"],
};

const small = Buffer.alloc(47, 1);
const large = Buffer.alloc(1 << 20, 1);
const fields = [["content-type", "application/grpc"]] as const;
const trailers = [["grpc-status", "0"]] as const;

const messages = 100;

async function answerStream(stream: ServerStream): Promise<void> {
  stream.start(200, fields);
  for (let message = 0; message < messages; message += 1) await stream.write(small);
  stream.end(trailers);
}

async function answerLater(stream: ServerStream): Promise<void> {
  for await (const piece of stream.chunks(1 << 30)) if (piece.length === 0) return;
  stream.respond(200, fields, stream.path === "/down" ? large : small, trailers);
}

function polygate(): Server {
  const server = new Http2Server(
    {
      onStream(stream) {
        if (stream.path === "/stream") return answerStream(stream);
        if (stream.takeBody() === undefined) return answerLater(stream);
        stream.respond(200, fields, stream.path === "/down" ? large : small, trailers);
        return undefined;
      },
    },
    systemClock,
    systemRng,
  );
  return wire === "tls"
    ? createTlsServer(tls, (socket) => server.take(socket))
    : createNetServer({ noDelay: true }, (socket) => server.take(socket));
}

function node(): Server {
  const settings = { initialWindowSize: 256 * 1024, maxConcurrentStreams: 256 };
  const server =
    wire === "tls" ? createSecureServer({ ...tls, settings }) : createServer({ settings });
  server.on("session", (session) => session.setLocalWindowSize(1 << 20));
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const answer = () => {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc" },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      if (headers[":path"] === "/stream") {
        for (let message = 0; message < messages; message += 1) stream.write(small);
        stream.end();
      } else {
        stream.end(headers[":path"] === "/down" ? large : small);
      }
    };
    stream.on("error", () => {});
    stream.on("data", () => {});
    stream.on("end", answer);
  });
  return server;
}

const server = engine === "node" ? node() : polygate();
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.({ port: typeof address === "object" ? address?.port : 0 });
});
process.on("message", () => {
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuUs: user + system, rssBytes: process.memoryUsage.rss() });
});
process.on("disconnect", () => process.exit());
