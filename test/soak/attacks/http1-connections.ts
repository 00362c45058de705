/** Connections of HTTP/1.1 that never finish what they send, or never take what they asked for. */

import type { Attack } from "../attack.ts";
import { closed, send, type Target } from "../target.ts";

const host = "host: localhost\r\n";
const halfHead = `GET / HTTP/1.1\r\n${host}x-a: ${"a".repeat(15_000)}`;
const longBody = `POST /api/v1/chat HTTP/1.1\r\n${host}content-type: application/json\r\ncontent-length: 9900001\r\n\r\n`;
const body = Buffer.alloc(9_900_000, " ");

/** Sends the same bytes on many connections and holds them. */
async function hold(
  target: Target,
  connections: number,
  ...bytes: readonly (string | Uint8Array)[]
): Promise<void> {
  await target.repeat(connections, async () => {
    const socket = await target.connect();
    if (socket === undefined) return;
    for (const each of bytes) await send(socket, each);
    await closed(socket, { reads: true });
  });
}

/** Asks for a large page again and again, and reads none of it. */
async function unread(target: Target, connections: number): Promise<void> {
  const requests = `GET /openapi.json HTTP/1.1\r\n${host}\r\n`.repeat(1000);
  await target.repeat(connections, async () => {
    const socket = await target.connect();
    if (socket === undefined) return;
    while (await send(socket, requests));
  });
}

/** Attacks by connections of HTTP/1.1. */
export const http1Connections: readonly Attack[] = [
  {
    name: "half-heads",
    about: "HTTP/1.1: 5,000 connections with 15 kB of a head that does not end",
    // One that connects anew would stand behind the thousands that the system has queued before it.
    run: (target) => hold(target, 5000, halfHead),
  },
  {
    name: "held-places",
    about: "HTTP/1.1: half a head on more connections than the listener holds",
    yaml: "gateway: { connections_max: 400 }",
    asksAnew: true,
    run: (target) => hold(target, 600, halfHead.slice(0, 100)),
  },
  {
    name: "unfinished-http1",
    about: "HTTP/1.1: 100 connections, each with a body of 9.9 MB but for its last byte",
    run: (target) => hold(target, 100, longBody, body),
  },
  {
    name: "unread-http1",
    about: "HTTP/1.1: 300 connections that ask for /openapi.json and read nothing",
    run: (target) => unread(target, 300),
  },
];
