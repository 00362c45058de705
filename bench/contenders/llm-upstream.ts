/** A provider of OpenAI's dialect that does the least that one can: `<port>`. */

import { createServer, type ServerResponse } from "node:http";
import { completion, modelList, streamedEvents, wishesOf } from "../support/llm.ts";

/** Pause of a stream that pauses, behind its first token. */
const pauseMs = 5;
/** Events up to the first token. */
const eventsToFirst = 2;

/** An event as a chunk of HTTP/1.1, made once. */
function framed(event: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`);
}

const plain = streamedEvents(false).map(framed);
const withUsage = streamedEvents(true).map(framed);
const whole = Buffer.from(completion);

/** Sends one event in each turn of the event loop, as a provider sends tokens: one by one. */
function stream(response: ServerResponse, chunks: readonly Buffer[], isPausing: boolean): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  const { socket } = response;
  let sent = 0;
  const next = () => {
    const chunk = chunks[sent];
    if (chunk === undefined) {
      response.end();
      return;
    }
    // node:http would frame it anew each time.
    if (!socket?.writable) return;
    socket.write(chunk);
    sent += 1;
    if (isPausing && sent === eventsToFirst) setTimeout(next, pauseMs);
    else setImmediate(next);
  };
  next();
}

createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => {
    body += chunk.toString("latin1");
  });
  request.on("end", () => {
    const wishes = wishesOf(body);
    if (wishes.isStream) {
      stream(response, wishes.withUsage ? withUsage : plain, wishes.isPausing);
      return;
    }
    const answer = request.method === "GET" ? modelList : whole;
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": answer.length,
    });
    response.end(answer);
  });
}).listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 1024 });
