/** Pages and log lines: what any client may ask for without a key. */

import type { Attack } from "../attack.ts";
import { closed, send, type Target } from "../target.ts";

const host = "host: localhost\r\n";

/** Sends many requests at once on each connection, and reads what comes. */
async function pipelined(target: Target, connections: number, request: string): Promise<void> {
  const requests = request.repeat(500);
  await target.repeat(connections, async () => {
    const socket = await target.connect();
    if (socket === undefined) return;
    socket.resume();
    while (await send(socket, requests));
    await closed(socket, { reads: true });
  });
}

const manyRanges = Array.from({ length: 1000 }, (_, index) => `${2 * index}-${2 * index}`);
const pages = ["/metrics", "/openapi.json", "/docs"].map((path) => `GET ${path} HTTP/1.1\r\n`);
const ranged = pages.map((line) => `${line}${host}range: bytes=${manyRanges.join(",")}\r\n\r\n`);
/** A path that has to be escaped wherever it is written, unknown to every route. */
const unknownPath = `/${'%22%0a\\"'.repeat(1500)}`;

/** Attacks with requests that are no calls. */
export const pageAttacks: readonly Attack[] = [
  {
    name: "pages",
    about: "HTTP/1.1: /metrics, /openapi.json and /docs without pause, a thousand ranges each",
    run: (target) => pipelined(target, 12, ranged.join("")),
  },
  {
    name: "log-lines",
    about: "HTTP/1.1: long unknown paths without pause, while nobody reads the log",
    logIsUnread: true,
    run: (target) => pipelined(target, 12, `GET ${unknownPath} HTTP/1.1\r\n${host}\r\n`),
  },
  {
    name: "labels",
    about: "HTTP/1.1: a method, path, user agent and request id of its own in each request",
    run: async (target) => {
      let count = 0;
      await target.repeat(12, async () => {
        const socket = await target.connect();
        if (socket === undefined) return;
        socket.resume();
        let goesOn = true;
        while (goesOn) {
          count += 1;
          const request = [
            `POST /polygate.v1.S${count}/M${count} HTTP/1.1`,
            "host: localhost",
            `user-agent: u${count}`,
            `x-request-id: ${count}-${"a".repeat(100)}`,
            "content-type: application/proto",
            "content-length: 0",
            "\r\n",
          ];
          goesOn = await send(socket, request.join("\r\n"));
        }
      });
    },
  },
];
