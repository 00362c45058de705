/** Methods that take no body, over every version of HTTP and every engine. */

import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { createContextValues } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { listen } from "#exchange/listener.ts";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { createRest } from "#rest/rest.ts";
import { createCallPath } from "#rpc/call.ts";

async function serve(engine: "polygate" | "node") {
  const calls = createCallPath(
    (router) => router.service(HealthService, { getBackends: () => ({ status: "healthy" }) }),
    [],
  );
  const rest = createRest(calls, { bodyBytesMax: 1024, clock: systemClock });
  return await listen(
    { name: "test", host: "127.0.0.1", port: 0, http1Engine: engine, http2Engine: engine },
    {
      exchange: (exchange) => {
        const match = rest.match(exchange.method, exchange.target);
        if (match === undefined) throw new Error(exchange.target);
        return rest.serve(exchange, match, { requestId: "x", values: createContextValues() });
      },
      malformed: () => ({ requestId: "x", body: "" }),
      connectionFailed: () => {},
    },
  );
}

async function overHttp1(port: number, head: string, body: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${head}\r\n${body}`);
  let text = "";
  for await (const piece of socket.setEncoding("latin1")) text += piece;
  return text;
}

/** Sends the head, then each piece after a while; the last one ends the stream. */
async function overHttp2(port: number, pieces: readonly string[]) {
  const client = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = client.request({ ":path": "/health" }, { endStream: pieces.length === 0 });
  stream.on("error", () => {});
  const response = once(stream, "response");
  const closed = once(stream, "close");
  let text = "";
  stream.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  for (const [index, piece] of pieces.entries()) {
    await wait(10);
    // It may be refused by then.
    if (!stream.writable) break;
    if (index === pieces.length - 1) stream.end(piece);
    else stream.write(piece);
  }
  const [head] = await response;
  // The rest of a request that was answered early may be cut off.
  await closed;
  const ended = once(client, "close");
  client.close();
  await ended;
  return { status: head[":status"], text };
}

const refusal = "this method takes no request body";

describe.each(["polygate", "node"] as const)("on the engine %s", (engine) => {
  test.each([
    ["nothing", "", ""],
    ["a length of none", "content-length: 0\r\n", ""],
    ["no chunks", "transfer-encoding: chunked\r\n", "0\r\n\r\n"],
  ])("HTTP/1.1 with %s is served", async (_name, head, body) => {
    await using server = await serve(engine);
    expect(await overHttp1(server.port, head, body)).toMatch(/^HTTP\/1.1 200 /);
  });

  test.each([
    ["a length", "content-length: 2\r\n", "{}"],
    ["a chunk", "transfer-encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"],
  ])("HTTP/1.1 with %s is refused", async (_name, head, body) => {
    await using server = await serve(engine);
    const answer = await overHttp1(server.port, head, body);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain(refusal);
  });

  test.each([
    ["nothing", []],
    ["an end that comes later", [""]],
  ])("HTTP/2 with %s is served", async (_name, pieces) => {
    await using server = await serve(engine);
    expect(await overHttp2(server.port, pieces)).toMatchObject({ status: 200 });
  });

  test.each([
    ["a frame", ['{"x":1}']],
    ["frames", ["", "", "x", ""]],
  ])("HTTP/2 with %s that no length announces is refused", async (_name, pieces) => {
    await using server = await serve(engine);
    const { status, text } = await overHttp2(server.port, pieces);
    expect([status, JSON.parse(text).error.message]).toEqual([400, refusal]);
  });
});
