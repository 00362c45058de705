/** The engine's server and client back to back, bytes untouched: `<port> <upstream port>`. */

import { createServer } from "node:net";
import { systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { Http2Client } from "#http2/client.ts";
import { Http2Server } from "#http2/server.ts";
import type { ServerStream } from "#http2/server-stream.ts";

const [, , port, upstreamPort] = process.argv;
const bytesMax = 4 << 20;
const upstream = new Http2Client(
  { host: "127.0.0.1", port: Number(upstreamPort) },
  systemClock,
  systemRng,
);

async function relay(stream: ServerStream): Promise<void> {
  const request = {
    method: stream.method,
    path: stream.path,
    fields: [...stream.headers()],
    body: stream.takeBody() ?? (await stream.body(bytesMax)),
  };
  const call = upstream.openNow(request) ?? (await upstream.open(request));
  const body = await call.body(bytesMax);
  const trailers = call.trailers.map(({ name, value }) => [name, value] as const);
  stream.respond(call.status, [...call.headers()], body, trailers);
}

const server = new Http2Server({ onStream: relay }, systemClock, systemRng);
createServer({ noDelay: true }, (socket) => server.take(socket)).listen(Number(port), "127.0.0.1");
