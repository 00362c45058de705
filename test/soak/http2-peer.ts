/** A client of HTTP/2 that writes its frames by hand, and keeps only to those rules that it wants to. */

import type { Socket } from "node:net";
import { FieldBuffer } from "#http2/field-buffer.ts";
import { clientPreface, flag, frameType, uint16, uint31, uint32 } from "#http2/frames.ts";
import { HpackDecoder } from "#http2/hpack-decoder.ts";
import type { FieldList } from "#http2/stream.ts";
import { dataOf, frameOf, headersOf, number32, settingsOf } from "../support/http2-peers.ts";
import { send, type Target } from "./target.ts";

const frameBytesMax = 16_384;
const settingId = { streamsMax: 3, initialWindow: 4 } as const;
const largeWindow = 2 ** 31 - 1;
/** Bytes received for which window is given back at once: more often would be abuse. */
const creditedBytes = 32 * 1024;

/** How the client behaves. */
export interface PeerOptions {
  /** Bytes that the gateway may send on each stream at first; unbounded when absent. */
  readonly windowBytes?: number;
  /** Gives window back for what it received. */
  readonly reads?: boolean;
}

/** A stream that the gateway has not ended. */
interface OpenStream {
  /** Bytes that the gateway still takes. */
  window: number;
  /** Bytes received for which it was given no window yet. */
  owed: number;
}

/** Fields of a request. */
export function fieldsOf(method: string, path: string, more: FieldList = []): FieldList {
  return [
    [":method", method],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost"],
    ...more,
  ];
}

/** One connection. */
export class Http2Peer {
  readonly socket: Socket;
  readonly streams = new Map<number, OpenStream>();
  /** Streams that the gateway allows at one time. */
  streamsMax = 100;
  readonly #target: Target;
  readonly #options: PeerOptions;
  readonly #decoder = new HpackDecoder({ listBytesMax: 1 << 16, fieldsMax: 200 });
  #window = 65_535;
  #owed = 0;
  #streamWindow = 65_535;
  #input: Buffer = Buffer.alloc(0);
  #nextId = 1;
  #isGreeted = false;
  #changed = Promise.withResolvers<void>();

  private constructor(target: Target, socket: Socket, options: PeerOptions) {
    this.#target = target;
    this.socket = socket;
    this.#options = options;
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    socket.on("close", () => this.#change());
  }

  /** Connects and greets; undefined when the connection is not taken. */
  static async open(target: Target, options: PeerOptions = {}): Promise<Http2Peer | undefined> {
    const socket = await target.connect();
    if (socket === undefined) return undefined;
    const peer = new Http2Peer(target, socket, options);
    const window = options.windowBytes ?? largeWindow;
    const settings = settingsOf([settingId.initialWindow, window]);
    socket.write(clientPreface);
    socket.write(frameOf(frameType.settings, 0, 0, settings));
    if (options.windowBytes === undefined) peer.credit(0, largeWindow - 65_535);
    await peer.until(() => peer.#isGreeted);
    return peer.isOpen ? peer : undefined;
  }

  get isOpen(): boolean {
    return this.socket.writable;
  }

  /** Resolves once `condition` holds, or the connection has ended. */
  async until(condition: () => boolean): Promise<void> {
    while (this.isOpen && !condition()) await this.#changed.promise;
  }

  /** Opens a stream; gives its id. */
  request(fields: FieldList, end = false): number {
    const id = this.#nextId;
    this.#nextId += 2;
    this.streams.set(id, { window: this.#streamWindow, owed: 0 });
    this.socket.write(headersOf(id, fields, end));
    return id;
  }

  /** Bytes of a body that the gateway takes now. */
  room(id: number): number {
    return Math.min(this.#window, this.streams.get(id)?.window ?? 0);
  }

  /** Whether the stream, and the connection, go on. */
  has(id: number): boolean {
    return this.isOpen && this.streams.has(id);
  }

  /** Counts bytes as sent that `frames` made by hand hold. */
  async frames(id: number, bytes: number, frames: Buffer): Promise<boolean> {
    this.#window -= bytes;
    const stream = this.streams.get(id);
    if (stream !== undefined) stream.window -= bytes;
    return (await send(this.socket, frames)) && this.has(id);
  }

  /** Sends a body as the windows allow; resolves with false when its stream has ended before. */
  async body(id: number, body: Uint8Array, end: boolean): Promise<boolean> {
    for (let at = 0; at < body.length; ) {
      // Looked at in the same turn as it is used: other bodies wait for the same window.
      while (this.has(id) && this.room(id) <= 0) await this.#changed.promise;
      if (!this.has(id)) return false;
      const size = Math.min(frameBytesMax, this.room(id), body.length - at);
      const isLast = end && at + size === body.length;
      await this.frames(id, size, dataOf(id, body.subarray(at, at + size), isLast));
      at += size;
    }
    return this.has(id);
  }

  /** A whole call: resolves once its stream has ended, or the connection. */
  async call(fields: FieldList, body: Uint8Array): Promise<void> {
    await this.until(() => this.streams.size < this.streamsMax);
    if (!this.isOpen) return;
    const id = this.request(fields, body.length === 0);
    await this.body(id, body, true);
    await this.until(() => !this.has(id));
  }

  /** Lets the gateway send more, on a stream or, with 0, on the connection. */
  credit(id: number, bytes: number): void {
    this.socket.write(frameOf(frameType.windowUpdate, 0, id, number32(bytes)));
  }

  /** Ends the connection. */
  close(): void {
    this.socket.destroy();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #receive(bytes: Buffer): void {
    this.#input = this.#input.length === 0 ? bytes : Buffer.concat([this.#input, bytes]);
    const input = this.#input;
    let at = 0;
    while (input.length - at >= 9) {
      const end = at + 9 + input.readUIntBE(at, 3);
      if (end > input.length) break;
      const [type = 0, flags = 0] = input.subarray(at + 3, at + 5);
      this.#frame(type, flags, uint31(input, at + 5), input.subarray(at + 9, end));
      at = end;
    }
    this.#input = input.subarray(at);
    this.#change();
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): void {
    switch (type) {
      case frameType.settings:
        if ((flags & flag.ack) === 0) this.#settings(payload);
        break;
      case frameType.windowUpdate:
        this.#credited(id, uint31(payload, 0));
        break;
      case frameType.ping:
        if ((flags & flag.ack) === 0) {
          this.socket.write(frameOf(frameType.ping, flag.ack, 0, payload));
        }
        break;
      case frameType.headers:
        this.#head(payload);
        break;
      case frameType.data:
        this.#read(id, payload.length);
        break;
      case frameType.rstStream:
        this.#target.saw(`RST_STREAM ${uint32(payload, 0)}`);
        this.streams.delete(id);
        break;
      case frameType.goaway:
        this.#target.saw(`GOAWAY ${payload.toString("latin1", 8)}`);
        break;
    }
    const mayEnd = type === frameType.headers || type === frameType.data;
    if (mayEnd && (flags & flag.endStream) !== 0) this.streams.delete(id);
  }

  #settings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const value = uint32(payload, at + 2);
      if (uint16(payload, at) === settingId.initialWindow) this.#startWindow(value);
      if (uint16(payload, at) === settingId.streamsMax) this.streamsMax = value;
    }
    this.#isGreeted = true;
    this.socket.write(frameOf(frameType.settings, flag.ack, 0, Buffer.alloc(0)));
  }

  /** Gives window back for what was received. */
  #read(id: number, bytes: number): void {
    if (this.#options.reads !== true) return;
    this.#owed += bytes;
    if (this.#owed >= creditedBytes) {
      this.credit(0, this.#owed);
      this.#owed = 0;
    }
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    stream.owed += bytes;
    if (stream.owed < creditedBytes) return;
    this.credit(id, stream.owed);
    stream.owed = 0;
  }

  /** Open streams gain what new ones have more. */
  #startWindow(bytes: number): void {
    for (const stream of this.streams.values()) stream.window += bytes - this.#streamWindow;
    this.#streamWindow = bytes;
  }

  #credited(id: number, bytes: number): void {
    if (id === 0) this.#window += bytes;
    const stream = this.streams.get(id);
    if (stream !== undefined) stream.window += bytes;
  }

  /** Counts the response by its status, or by that of gRPC where it is told. */
  #head(block: Buffer): void {
    const fields = new FieldBuffer();
    this.#decoder.decode(block, 0, block.length, fields);
    const first = (wanted: string) => fields.from(0).find(({ name }) => name === wanted)?.value;
    const status = first("grpc-status");
    this.#target.saw(status === undefined ? `${first(":status")}` : `grpc-status ${status}`);
  }
}
