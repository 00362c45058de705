/** A server of streams over WebSocket, and clients whose frames are made by hand. */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type {
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  Message,
} from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { type TranscodeOptions, transcode } from "#rest/transcode.ts";
import { testProtos, testService } from "./test-protos.ts";

const service = testService(testProtos(), "vectors.StreamService");

/** A message of the service. */
export interface Piece extends Message {
  text: string;
  number: number;
}

/** A method of the streaming test service. */
export function methodOf(name: string) {
  const method = service.methods.find((candidate) => candidate.name === name);
  if (method === undefined) throw new Error(name);
  return method;
}

async function* countUp({ number }: Piece): AsyncIterable<object> {
  if (number === 13) throw fault("REQUEST_INVALID", "unlucky");
  for (let index = 1; index <= number; index++) yield { number: index };
}

/** What answers `/count/{number}`. */
export type Count = (input: Piece, context: HandlerContext) => AsyncIterable<object>;

/** Serves `/count/{number}`, `/echo/{number}` and `/collect`. */
export async function serve(options: TranscodeOptions = {}, count: Count = countUp) {
  const { request, upgrade } = transcode(
    (router) => {
      router.rpc(
        methodOf("Count") as DescMethodServerStreaming,
        (input, context) => count(input as Piece, context) as AsyncIterable<Message>,
      );
      router.rpc(methodOf("Echo") as DescMethodBiDiStreaming, async function* echo(inputs) {
        yield* inputs;
      });
      router.rpc(methodOf("Collect") as DescMethodClientStreaming, async (inputs) => {
        let text = "";
        for await (const input of inputs as AsyncIterable<Piece>) text += input.text;
        return { text } as unknown as Message;
      });
    },
    { json: { emitDefaults: false }, ...options },
  );
  const server = createServer(request).on("upgrade", upgrade);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  server.on("connection", (socket) => sockets.push(socket));
  return {
    port,
    /** The server's side of the connection that came last. */
    lastSocket(): Socket {
      const socket = sockets.at(-1);
      if (socket === undefined) throw new Error("no connection has come");
      return socket;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** A connection whose handshake is done; further fields are lines with their ends. */
export async function raw(port: number, path: string, fields = ""): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  const key = randomBytes(16).toString("base64");
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
      `sec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n${fields}\r\n`,
  );
  const [head] = await once(socket, "data");
  // Who reads the socket is told all the same.
  socket.on("error", () => {});
  if (!String(head).startsWith("HTTP/1.1 101 ")) throw new Error(String(head));
  return socket;
}

/** A masked frame of a client. */
export function frame(first: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const mask = randomBytes(4);
  const masked = payload.map((byte, at) => byte ^ (mask[at & 3] ?? 0));
  const size = Buffer.alloc(length < 126 ? 0 : length < 0x1_0000 ? 2 : 8);
  if (size.length === 2) size.writeUInt16BE(length);
  if (size.length === 8) size.writeBigUInt64BE(BigInt(length));
  const short = length < 126 ? length : size.length === 2 ? 126 : 127;
  return Buffer.concat([Buffer.from([first, 0x80 | short]), size, mask, masked]);
}

/** A frame of a server: its first byte, and its payload. */
export interface ServerFrame {
  readonly first: number;
  readonly payload: Buffer;
}

/** The frames that a server sends until it closes. */
export async function framesOf(socket: Socket): Promise<ServerFrame[]> {
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const frames: ServerFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const short = bytes[at + 1] ?? 0;
    const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    frames.push({ first: bytes[at] ?? 0, payload: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return frames;
}

/** The code that a server closes with. */
export async function closeCodeOf(socket: Socket): Promise<number> {
  const last = (await framesOf(socket)).at(-1);
  if (last?.first !== 0x88) throw new Error("the connection ends without a close frame");
  return last.payload.readUInt16BE(0);
}
