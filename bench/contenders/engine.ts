/** The project's HTTP/2 engine without anything on top: `<port> [tls]`. */

import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { Http2Server } from "#http2/server.ts";
import type { ServerStream } from "#http2/server-stream.ts";
import { answerOf, framesFor, messagesPerStream, paths } from "../support/chat.ts";
import "../support/garbage.ts";

const [, , port, wire] = process.argv;
const fields = [["content-type", "application/grpc"]] as const;
const trailers = [["grpc-status", "0"]] as const;
const empty = Buffer.alloc(0);
const bytesMax = 4 << 20;

async function answerStream(stream: ServerStream): Promise<void> {
  const nextFrame = framesFor(stream.takeBody() ?? (await stream.body(bytesMax)));
  stream.start(200, fields);
  for (let sent = 0; sent < messagesPerStream; sent += 1) {
    if (!stream.push(nextFrame())) await stream.write(empty);
  }
  stream.end(trailers);
}

/** A body that came in pieces; what is only sent up is counted, not kept. */
async function answerLater(stream: ServerStream): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream.chunks(bytesMax))
    if (stream.path !== paths.up) chunks.push(chunk);
  stream.respond(200, fields, answerOf(stream.path, Buffer.concat(chunks)), trailers);
}

const server = new Http2Server(
  {
    onStream(stream) {
      if (stream.path === paths.stream) return answerStream(stream);
      const body = stream.takeBody();
      if (body === undefined) return answerLater(stream);
      stream.respond(200, fields, answerOf(stream.path, body), trailers);
      return undefined;
    },
  },
  systemClock,
  systemRng,
);
const sockets =
  wire === "tls"
    ? createTlsServer(
        {
          cert: readFileSync("test/fixtures/tls/server.crt"),
          key: readFileSync("test/fixtures/tls/server.key"),
          ALPNProtocols: ["h2"],
        },
        (socket) => server.take(socket),
      )
    : createServer({ noDelay: true }, (socket) => server.take(socket));
sockets.listen({ port: Number(port), host: "127.0.0.1", backlog: 1024 });
