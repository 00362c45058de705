/** HTTP/2 connections that record what they are told, and frames written by hand. */

import { ByteBudget, bufferBytesMaxDefault } from "#core/byte-budget.ts";
import type { BodyRefusal } from "#http/body-refused.ts";
import { Connection, type ConnectionOptions } from "#http2/connection.ts";
import type { ConnectionHandler } from "#http2/connection-handler.ts";
import { errorCode } from "#http2/error-code.ts";
import type { Field } from "#http2/field.ts";
import { clientPreface, Frame, flag, frameType } from "#http2/frames.ts";
import type { HeadRefusal } from "#http2/head-refusal.ts";
import { encodedFieldBytesMax, HpackEncoder } from "#http2/hpack-encoder.ts";
import { type ConnectionLimits, defaultLimits } from "#http2/limits.ts";
import { SlabPool } from "#http2/output.ts";
import { type FieldList, Stream } from "#http2/stream.ts";

/** What happened on a stream, in words; bodies are joined so that cuts do not show. */
export type Event =
  | { readonly on: "head"; readonly id: number; readonly head: string }
  | { readonly on: "body"; readonly id: number; bytes: string }
  | { readonly on: "end"; readonly id: number; readonly trailers: string }
  | { readonly on: "close"; readonly id: number; readonly by: string; readonly code: number };

function words(fields: readonly Field[]): string {
  return fields.map(({ name, value }) => `${name}=${value}`).join(" ");
}

/** A stream of which a test says whether somebody waits for its body. */
export class RecordedStream extends Stream {
  isAwaited = false;

  override get awaitsBody(): boolean {
    return this.isAwaited;
  }
}

/** What a recorder's connection may hold, and with whom it shares that. */
type RecorderMemory = Partial<
  Pick<ConnectionOptions<RecordedStream>, "buffers" | "heldBytesMax" | "owner">
>;

/** A connection with a record of its events. It does nothing by itself but consume. */
export class Recorder {
  readonly connection: Connection<RecordedStream>;
  readonly events: Event[] = [];
  readonly streams = new Map<number, RecordedStream>();
  readonly goaways: { lastId: number; code: number; debug: string }[] = [];
  /** Bytes of bodies by stream, consumed or not. */
  bodyBytes = 0;
  /** Called after an event is recorded. */
  react: (event: Event, stream: RecordedStream) => void = () => {};
  consumes = true;
  writable: number[] = [];
  /** Streams that had to give up what they held. */
  readonly refused: { id: number; reason: BodyRefusal }[] = [];
  /** Requests whose head cannot be served; each is told why. */
  readonly refusedHeads: ({ id: number } & HeadRefusal)[] = [];
  readonly #taken: Buffer[] = [];

  constructor(
    role: "server" | "client",
    limits: Partial<ConnectionLimits> = {},
    memory: RecorderMemory = {},
  ) {
    const handler: ConnectionHandler<RecordedStream> = {
      createStream: (id) => new RecordedStream(id),
      onHead: (stream) => {
        this.streams.set(stream.id, stream);
        const head =
          role === "server"
            ? `${stream.method} ${stream.scheme}://${stream.authority}${stream.path}`
            : `${stream.status}`;
        this.#record(
          { on: "head", id: stream.id, head: `${head} ${words(stream.fields)}`.trim() },
          stream,
        );
      },
      onRefusedHead: (stream, refusal) => {
        this.refusedHeads.push({ id: stream.id, ...refusal });
        this.connection.respond(stream, refusal.status, [], false);
        this.connection.data(stream, Buffer.from(refusal.message), true);
      },
      onData: (stream, payload) => {
        this.bodyBytes += payload.length;
        const last = this.events.at(-1);
        if (last?.on === "body" && last.id === stream.id) last.bytes += payload.toString("latin1");
        else this.#record({ on: "body", id: stream.id, bytes: payload.toString("latin1") }, stream);
        if (this.consumes) this.connection.consume(stream, payload.length);
        return false;
      },
      onEnd: (stream) =>
        this.#record({ on: "end", id: stream.id, trailers: words(stream.trailers) }, stream),
      onClose: (stream) =>
        this.#record(
          { on: "close", id: stream.id, by: stream.brokenBy, code: stream.errorCode },
          stream,
        ),
      onWritable: (stream) => {
        this.writable.push(stream.id);
      },
      onRefusal: (stream, reason) => {
        this.refused.push({ id: stream.id, reason });
        this.connection.reset(stream, errorCode.enhanceYourCalm);
      },
      onSettings: () => {},
      onGoaway: (lastId, code, debug) => {
        this.goaways.push({ lastId, code, debug });
      },
      onOutput: () => {},
    };
    this.connection = new Connection({
      role,
      limits: { ...defaultLimits, ...limits },
      handler,
      slabs: new SlabPool(),
      buffers: new ByteBudget(bufferBytesMaxDefault),
      ...memory,
      nowMs: 0,
    });
  }

  /** Takes input, slice after slice, until all is read. */
  receive(bytes: Buffer, nowMs: number): void {
    this.connection.receive(bytes, nowMs);
    while (this.connection.hasInput) {
      this.#taken.push(...this.connection.takeOutput(1 << 16));
      this.connection.readOn(nowMs);
    }
  }

  get hasOutput(): boolean {
    return this.#taken.length > 0 || this.connection.hasOutput;
  }

  /** All output, as one buffer. */
  output(): Buffer {
    const chunks = this.#taken.splice(0);
    while (this.connection.hasOutput) chunks.push(...this.connection.takeOutput(1 << 16));
    return Buffer.concat(chunks);
  }

  /** All output, as frames. */
  frames(): SeenFrame[] {
    return framesIn(this.output());
  }

  #record(event: Event, stream: RecordedStream): void {
    this.events.push(event);
    this.react(event, stream);
  }
}

/** A frame that was sent. */
export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** The frames of a byte string that begins with one, or with a client's preface. */
export function framesIn(bytes: Buffer): SeenFrame[] {
  const frames: SeenFrame[] = [];
  const frame = new Frame();
  let at = bytes.indexOf(clientPreface) === 0 ? clientPreface.length : 0;
  while (at < bytes.length) {
    frame.readHead(bytes, at);
    const { type, flags, streamId: id, start, end } = frame;
    frames.push({ type, flags, id, payload: Buffer.from(bytes.subarray(start, end)) });
    at = end;
  }
  return frames;
}

/** Writes a frame. */
export function frameOf(type: number, flags: number, id: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

/** Four bytes, big-endian. */
export function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** A payload of SETTINGS. */
export function settingsOf(...entries: readonly (readonly [number, number])[]): Buffer {
  return Buffer.concat(
    entries.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id]), number32(value)])),
  );
}

/** A header block that uses no dynamic table. */
export function blockOf(fields: FieldList): Buffer {
  const encoder = new HpackEncoder();
  const bytes = Buffer.alloc(
    64 + fields.reduce((sum, [name, value]) => sum + encodedFieldBytesMax(name, value), 0),
  );
  encoder.setTableBytes(0);
  encoder.begin(bytes, 0);
  for (const [name, value] of fields) encoder.field(name, value);
  return Buffer.from(bytes.subarray(0, encoder.end()));
}

/** Fields of a small request. */
export const requestFields: FieldList = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/a"],
  [":authority", "test"],
];

/** A HEADERS frame with a whole block. */
export function headersOf(id: number, fields: FieldList, end: boolean): Buffer {
  return frameOf(
    frameType.headers,
    flag.endHeaders | (end ? flag.endStream : 0),
    id,
    blockOf(fields),
  );
}

/** A DATA frame. */
export function dataOf(id: number, body: string | Uint8Array, end: boolean): Buffer {
  return frameOf(frameType.data, end ? flag.endStream : 0, id, Buffer.from(body));
}

/** What a client sends first. */
export const opening = Buffer.concat([
  clientPreface,
  frameOf(frameType.settings, 0, 0, Buffer.alloc(0)),
  frameOf(frameType.settings, flag.ack, 0, Buffer.alloc(0)),
]);

/** A server that has been greeted; its own greeting is thrown away. */
export function greetedServer(
  limits: Partial<ConnectionLimits> = {},
  memory: RecorderMemory = {},
): Recorder {
  const server = new Recorder("server", limits, memory);
  server.connection.receive(opening, 0);
  server.output();
  return server;
}

/** Carries output between two connections until neither has more. */
export function settle(client: Recorder, server: Recorder, nowMs = 0): void {
  while (client.hasOutput || server.hasOutput) {
    const up = client.output();
    if (up.length > 0) server.receive(up, nowMs);
    const down = server.output();
    if (down.length > 0) client.receive(down, nowMs);
  }
}
