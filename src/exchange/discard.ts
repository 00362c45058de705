/** What still comes of a body that was answered before its end, on Node's modules: read and thrown away for a while. */

import type { NodeRequest } from "./node-request.ts";

/** Time between two reads of an HTTP/1.1 body, and all of it (nginx: lingering_timeout, lingering_time). */
const silenceMs = 5_000;
const totalMs = 30_000;
/** node:http throws a body away without a word, so the connection's bytes are looked at instead. */
const lookMs = 500;

/**
 * Reads on, so that the client gets to the response instead of a connection that was reset under it
 * (RFC 9112 §9.6); `stop` is called when nothing comes for too long, or something for too long.
 * A stream of HTTP/2 has the shorter time for all of it: only a reset stops its client.
 */
export function discardBody(request: NodeRequest, stop: () => void): void {
  const { socket } = request;
  const isStream = "stream" in request;
  const endMs = performance.now() + (isStream ? silenceMs : totalMs);
  let seenBytes = -1;
  let silentMs = 0;
  const look = () => {
    const { bytesRead } = socket;
    silentMs = bytesRead === seenBytes ? silentMs + lookMs : 0;
    seenBytes = bytesRead;
    if (silentMs < silenceMs && performance.now() < endMs) return;
    clearInterval(timer);
    stop();
  };
  const timer = setInterval(look, lookMs);
  request.once("close", () => clearInterval(timer));
  request.resume();
}
