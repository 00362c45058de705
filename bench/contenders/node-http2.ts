/** Node's own HTTP/2 without anything on top: `<port> [tls]`. */

import { readFileSync } from "node:fs";
import { createSecureServer, createServer, type ServerHttp2Stream } from "node:http2";
import { answerOf, framesFor, messagesPerStream, paths } from "../support/chat.ts";
import "../support/garbage.ts";

const [, , port, wire] = process.argv;
const settings = { initialWindowSize: 256 * 1024, maxConcurrentStreams: 256 };
const head = { ":status": 200, "content-type": "application/grpc" };

function answer(stream: ServerHttp2Stream, path: string, body: Uint8Array): void {
  // A load that ends leaves streams behind, and Node throws at whoever answers them.
  if (stream.destroyed) return;
  stream.respond(head, { waitForTrailers: true });
  stream.on("wantTrailers", () => {
    if (!stream.destroyed) stream.sendTrailers({ "grpc-status": "0" });
  });
  if (path === paths.stream) {
    const nextFrame = framesFor(body);
    for (let sent = 0; sent < messagesPerStream; sent += 1) stream.write(nextFrame());
    stream.end();
  } else {
    stream.end(answerOf(path, body));
  }
}

const server =
  wire === "tls"
    ? createSecureServer({
        cert: readFileSync("test/fixtures/tls/server.crt"),
        key: readFileSync("test/fixtures/tls/server.key"),
        settings,
      })
    : createServer({ settings });
server.on("session", (session) => session.setLocalWindowSize(1 << 20));
server.on("stream", (stream: ServerHttp2Stream, headers) => {
  const path = headers[":path"] ?? "";
  const chunks: Buffer[] = [];
  stream.on("error", () => {});
  stream.on("data", (chunk: Buffer) => {
    if (path !== paths.up) chunks.push(chunk);
  });
  stream.on("end", () => {
    const [first = Buffer.alloc(0), ...more] = chunks;
    answer(stream, path, more.length === 0 ? first : Buffer.concat(chunks));
  });
});
server.listen({ port: Number(port), host: "127.0.0.1", backlog: 1024 });
