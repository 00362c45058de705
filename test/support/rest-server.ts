/** A transcoder on a real socket, and a client that sends targets exactly as they are written. */

import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { createContextValues } from "@connectrpc/connect";
import { ByteBudget, bufferBytesMaxDefault } from "#core/byte-budget.ts";
import { fault } from "#errors/fault.ts";
import { NodeExchange } from "#exchange/node-exchange.ts";
import { restErrorBody } from "#rest/error-body.ts";
import type { Rest } from "#rest/rest.ts";

/** A request; the target is sent byte for byte. */
export interface TestRequest {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A whole answer. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: Readonly<NodeJS.Dict<string>>;
  readonly bytes: Buffer;
  readonly text: string;
}

/** A server that is closed by `await using`. */
export interface RestServer extends AsyncDisposable {
  readonly port: number;
  send(request: TestRequest): Promise<TestAnswer>;
}

async function send(port: number, request: TestRequest): Promise<TestAnswer> {
  const { method = "GET", target, headers = {}, body } = request;
  const outgoing = httpRequest({ port, host: "127.0.0.1", method, path: target, headers });
  outgoing.end(body);
  const [incoming] = await once(outgoing, "response");
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const { statusCode: status, headers: fields, trailers } = incoming;
  return { status, headers: fields, trailers, bytes, text: bytes.toString() };
}

/** Serves `rest` on a free port of the loopback interface. */
export async function serveRest(rest: Rest): Promise<RestServer> {
  const buffers = new ByteBudget(bufferBytesMaxDefault);
  const server = createServer({ keepAliveTimeout: 1000 }, (request, response) => {
    const exchange = new NodeExchange(request, response, { buffers });
    const match = rest.match(exchange.method, exchange.target);
    if (match === undefined) {
      const facts = { requestId: "req-1", wallMs: 0 };
      const { status, headers, body } = restErrorBody(fault("ROUTE_UNKNOWN", "no route"), facts);
      exchange.respond(status, headers, body);
      return;
    }
    void rest.serve(exchange, match, { requestId: "req-1", values: createContextValues() });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    send: (request) => send(port, request),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
