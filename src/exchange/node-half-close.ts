/** Finds out whether a client of node:http that has ended its side still waits, as the own engine does. */

import type { Socket } from "node:net";
import { HalfClose } from "#http1/half-close.ts";
import { defaultLimits } from "#http1/limits.ts";
import type { ServerResponse } from "./node-http.ts";

/** node:http writes heads whole, so that a probe before one can be seen: most responses are there by then. */
const firstProbeMs = 15;
const lookMs = 500;
/** Zeros before chunk sizes that one response gets. */
const zerosMax = 4;

/**
 * Probes the client of `socket`, which has just ended its side, while `waiting` gives the response
 * that it waits for; breaks it off when it has waited too long. A client that left makes the probe
 * fail, and the response close.
 */
export function probeHalfClosed(socket: Socket, waiting: () => ServerResponse | undefined): void {
  const halfClose = new HalfClose(performance.now(), firstProbeMs);
  let zeros = 0;
  const probe = (response: ServerResponse | undefined): void => {
    if (response === undefined || response.writableEnded) return;
    if (!response.headersSent) {
      if (response.req.httpVersion === "1.1") response.writeContinue();
    } else if (response.chunkedEncoding && response.req.method !== "HEAD" && zeros < zerosMax) {
      zeros += 1;
      socket.write("0");
    }
  };
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const nowMs = performance.now();
    if (nowMs - halfClose.sinceMs >= defaultLimits.halfClosedTimeoutMs) socket.destroy();
    else if (halfClose.takeProbe(nowMs)) probe(waiting());
    if (!socket.destroyed) lookLater();
  };
  const lookLater = (): void => {
    timer = setTimeout(look, halfClose.quickMs(performance.now()) ?? lookMs);
    timer.unref();
  };
  lookLater();
  socket.once("close", () => clearTimeout(timer));
}
