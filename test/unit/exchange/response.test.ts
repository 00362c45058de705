/** What an answer looks like on the wire of HTTP/1.1, byte for byte. */

import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import type { Exchange } from "#exchange/exchange.ts";
import { type Listener, listen } from "#exchange/listener.ts";

type Serve = (exchange: Exchange, listener: Listener) => void | Promise<void>;

/** Fields that each engine writes in its own place and case. */
const framingPattern = /^(connection|transfer-encoding): .*\n/gim;

/**
 * All that a client gets for `request`, which asks for the connection's end, but the date; fields
 * of the connection last.
 */
async function answered(
  serve: Serve,
  request: string,
  http1Engine: "polygate" | "node",
): Promise<string> {
  await using listener = await listen(
    { name: "test", host: "127.0.0.1", port: 0, http1Engine, http2Engine: "polygate" },
    {
      exchange: (exchange) => serve(exchange, listener),
      malformed: (message) => ({ requestId: "req_1", body: message }),
      connectionFailed: () => {},
    },
  );
  const socket = connect(listener.port, "127.0.0.1");
  socket.write(request);
  let text = "";
  for await (const chunk of socket) text += chunk.toString("latin1");
  const [head = "", ...rest] = text
    .replace(/date: .*\r\n/i, "")
    .replaceAll("\r\n", "\n")
    .split("\n\n");
  const framing = `${head}\n`.match(framingPattern) ?? [];
  const others = `${head}\n`.replace(framingPattern, "");
  return [others + framing.join("").toLowerCase().trimEnd(), ...rest].join("\n\n");
}

const get = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
const head = get.replace("GET", "HEAD");
const old = "GET / HTTP/1.0\r\n\r\n";
const waiting = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n";

const repeated = [
  ["set-cookie", "a=1"],
  ["set-cookie", "b=2"],
  ["x", "1"],
  ["x", "2"],
] as const;
const repeatedText = "set-cookie: a=1\nset-cookie: b=2\nx: 1\nx: 2\n";

const rows: { name: string; request?: string; serve: Serve; answer: string }[] = [
  {
    name: "fields that are repeated stay apart, behind those that were set early",
    serve(exchange) {
      exchange.setHeader("x-request-id", "1");
      exchange.respond(200, repeated, "hi");
    },
    answer: `HTTP/1.1 200 OK\nx-request-id: 1\n${repeatedText}content-length: 2\nconnection: close\n\nhi`,
  },
  {
    name: "they do when the connection is to close",
    request: get.replace("connection: close\r\n", ""),
    serve(exchange, listener) {
      void listener.drain(1000);
      exchange.respond(200, repeated, "hi");
    },
    answer: `HTTP/1.1 200 OK\n${repeatedText}content-length: 2\nconnection: close\n\nhi`,
  },
  {
    name: "they do when nobody reads the body that a client would send",
    request: waiting,
    serve: (exchange) => exchange.respond(413, repeated, "no"),
    answer: `HTTP/1.1 413 Payload Too Large\n${repeatedText}content-length: 2\nconnection: close\n\nno`,
  },
  {
    name: "trailers follow a body in chunks",
    serve: (exchange) => exchange.respond(200, [], "hi", [["t", "1"]]),
    answer: "HTTP/1.1 200 OK\nconnection: close\ntransfer-encoding: chunked\n\n2\nhi\n0\nt: 1\n\n",
  },
  {
    name: "a client of HTTP/1.0 gets neither",
    request: old,
    serve: (exchange) => exchange.respond(200, [], "hi", [["t", "1"]]),
    answer: "HTTP/1.1 200 OK\nconnection: close\n\nhi",
  },
  {
    name: "HEAD gets the length that the body would have",
    request: head,
    serve: (exchange) => exchange.respond(200, [], "hé"),
    answer: "HTTP/1.1 200 OK\ncontent-length: 3\nconnection: close\n\n",
  },
  {
    name: "204 has neither length nor body",
    serve: (exchange) => exchange.respond(204, [["allow", "GET"]]),
    answer: "HTTP/1.1 204 No Content\nallow: GET\nconnection: close\n\n",
  },
  {
    name: "304 has neither length nor body",
    serve: (exchange) => exchange.respond(304, [["etag", "1"]]),
    answer: "HTTP/1.1 304 Not Modified\netag: 1\nconnection: close\n\n",
  },
  {
    name: "a text beyond ASCII has its length in bytes",
    serve: (exchange) => exchange.respond(200, [], "é"),
    answer: "HTTP/1.1 200 OK\ncontent-length: 2\nconnection: close\n\n\u00c3\u00a9",
  },
  {
    name: "behind a head that cannot be sent another one can, in its own words",
    serve(exchange) {
      expect(() => exchange.respond(200, [["a", "x\ny"]], "hi")).toThrow(TypeError);
      expect(exchange.started).toBe(false);
      exchange.respond(500, [["b", "1"]], "failed");
    },
    answer:
      "HTTP/1.1 500 Internal Server Error\nb: 1\ncontent-length: 6\nconnection: close\n\nfailed",
  },
];

describe.each(["polygate", "node"] as const)("an answer over HTTP/1.1 by %s", (engine) => {
  test.each(rows)("$name", async ({ request = get, serve, answer }) => {
    expect(await answered(serve, request, engine)).toBe(answer);
  });
});
