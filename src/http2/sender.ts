/** The sending half of a connection: header blocks, DATA under flow control, control frames. Pure. */

import { giveBack, isLent, retain } from "#core/buffer-pool.ts";
import type { ByteAccount } from "#core/byte-account.ts";
import type { ErrorCode } from "./error-code.ts";
import { windowBytesDefault, windowBytesMax } from "./flow.ts";
import { flag, frameBytesDefault, frameHeadBytes, frameType } from "./frames.ts";
import { encodedFieldBytesMax, HpackEncoder, tableSizeBytesMax } from "./hpack-encoder.ts";
import { copiedBytesMax, Output, type SlabPool } from "./output.ts";
import { SendRing } from "./scheduler.ts";
import { PeerSettings, type Setting } from "./settings.ts";
import type { FieldList, Stream } from "./stream.ts";

/** What the sender reports to its connection. */
export interface SenderListener<S extends Stream> {
  /** END_STREAM of this stream is written. */
  onEndSent(stream: S): void;
  /** The stream's queue, which was too long, is short again. */
  onWritable(stream: S): void;
}

/** While more output waits, small DATA takes its turn like all other. */
const directOutputBytesMax = 64 * 1024;
/** Small payloads that wait share as much. */
const roomBytesMax = 16 * 1024;
/** DATA below this many bytes, while more waits, is what a peer gets who opens its windows by crumbs. */
const crumbBytes = 256;
/** Room for pseudo fields: their names and the index bytes. */
const pseudoFieldBytes = 64;
const empty = Buffer.alloc(0);

/** Writes frames in the order in which the peer is to read them. */
export class Sender<S extends Stream> {
  readonly output: Output;
  readonly peer = new PeerSettings();
  /** Control frames since the socket last took output. */
  controlFrames = 0;
  /**
   * HEADERS and DATA frames in all: progress that earns the peer its WINDOW_UPDATEs and PINGs. Those
   * that are tiny because the peer's windows are count for nothing.
   */
  messageFrames = 0;
  /** Bytes of DATA that wait in the queues of streams, and that were sent in all. */
  queuedBytes = 0;
  sentBytes = 0;
  /** Bytes that the peer lets us send on the whole connection. */
  #window = windowBytesDefault;
  readonly #encoder = new HpackEncoder();
  readonly #ring = new SendRing<S>();
  readonly #listener: SenderListener<S>;
  readonly #account: ByteAccount;
  #blockAt = 0;
  #blockBytes: Buffer = empty;

  constructor(slabs: SlabPool, account: ByteAccount, listener: SenderListener<S>) {
    this.output = new Output(slabs);
    this.#account = account;
    this.#listener = listener;
  }

  /** Whether `pull` would write something. */
  get canPull(): boolean {
    return this.#window > 0 && !this.#ring.isEmpty;
  }

  /** Sends a response's head; 1xx statuses leave the final head to be sent. */
  response(stream: S, status: number, fields: FieldList, end: boolean): void {
    this.#beginBlock(fields, 0);
    this.#encoder.field(":status", String(status));
    if (status >= 200) stream.headSent = true;
    this.#endBlock(stream, fields, end);
  }

  /** Sends a request's head, which opens the stream. */
  request(stream: S, fields: FieldList, end: boolean): void {
    const { method, scheme, authority, path } = stream;
    this.#beginBlock(fields, method.length + scheme.length + authority.length + path.length);
    this.#encoder.field(":method", method);
    this.#encoder.field(":scheme", scheme);
    if (authority !== "") this.#encoder.field(":authority", authority);
    this.#encoder.field(":path", path);
    stream.headSent = true;
    this.#endBlock(stream, fields, end);
  }

  /** Ends the stream with fields, after whatever is queued. */
  trailers(stream: S, fields: FieldList): void {
    stream.endQueued = true;
    if (stream.queuedBytes > 0) stream.queuedTrailers = fields;
    else this.#writeTrailers(stream, fields);
  }

  /**
   * Sends a payload, which must not change afterwards, now or when windows and turns allow; it is
   * given back if it is lent. False asks the writer to wait for `onWritable`.
   */
  data(stream: S, payload: Buffer, end: boolean, queueBytesMax: number): boolean {
    const length = payload.length;
    if (length === 0 && !end) return !stream.writerWaits;
    if (length > copiedBytesMax) retain(payload);
    if (end) stream.endQueued = true;
    if (stream.queuedBytes === 0 && this.#goesDirectly(stream, length)) {
      this.messageFrames += 1;
      this.#dataHead(stream, length, end);
      this.output.payload(payload, 0, length);
      this.output.spend(payload);
      if (end) this.#ended(stream);
      return true;
    }
    if (length > 0) {
      this.#queue(stream, payload);
      this.#count(stream, length);
    }
    if (stream.sendWindow > 0) this.#ring.add(stream);
    stream.writerWaits = stream.queuedBytes > queueBytesMax;
    return !stream.writerWaits;
  }

  /** Small payloads that wait are put together: each by itself costs some two hundred bytes besides its own. */
  #queue(stream: S, payload: Buffer): void {
    stream.queue ??= [];
    const { queue } = stream;
    const last = queue.at(-1);
    const isJoined = payload.length <= copiedBytesMax && last !== undefined;
    if (!isJoined || (stream.queueRoom === undefined && last.length > copiedBytesMax)) {
      stream.queueRoom = undefined;
      queue.push(payload);
      return;
    }
    const bytes = last.length + payload.length;
    if (stream.queueRoom === undefined || stream.queueRoom.length < bytes) {
      if (bytes > roomBytesMax) {
        stream.queueRoom = undefined;
        queue.push(payload);
        return;
      }
      // Of its own: what Node's pool gives would keep 64 KiB in memory.
      stream.queueRoom = Buffer.allocUnsafeSlow(Math.min(2 * bytes, roomBytesMax));
      stream.queueRoom.set(last);
    }
    stream.queueRoom.set(payload, last.length);
    queue[queue.length - 1] = stream.queueRoom.subarray(0, bytes);
  }

  /** Writes DATA of the streams in turn until `bytesMax` bytes of output wait. */
  pull(bytesMax: number): void {
    while (this.#window > 0 && this.output.length < bytesMax) {
      const stream = this.#ring.next();
      if (stream === undefined) return;
      if (stream.queuedBytes === 0 || stream.sendWindow <= 0) continue;
      this.#sendQueued(stream);
    }
  }

  /** Takes over a WINDOW_UPDATE of the connection. False when the window would overflow. */
  growWindow(increment: number): boolean {
    this.#window += increment;
    return this.#window <= windowBytesMax;
  }

  /** Takes over a change of a stream's window. False when the window would overflow. */
  growStreamWindow(stream: S, increment: number): boolean {
    stream.sendWindow += increment;
    if (stream.sendWindow > 0 && stream.queuedBytes > 0) this.#ring.add(stream);
    return stream.sendWindow <= windowBytesMax;
  }

  /** Takes over the peer's SETTINGS_HEADER_TABLE_SIZE. */
  setTableBytes(tableBytes: number): void {
    this.#encoder.setTableBytes(tableBytes);
  }

  /** Copies what a stream has queued in pooled buffers, which its peer must not hold up. */
  own(stream: S): void {
    const queue = stream.queue ?? [];
    for (const [index, payload] of queue.entries()) {
      if (!isLent(payload)) continue;
      queue[index] = Buffer.from(payload);
      // What is sent of the first is perhaps not with the socket yet.
      if (index > 0 || stream.queueAt === 0) giveBack(payload);
    }
  }

  /** Drops what a stream that is closed had queued. */
  forget(stream: S): void {
    stream.queue = stream.queueRoom = undefined;
    stream.queuedTrailers = undefined;
    if (stream.queuedBytes > 0) this.#count(stream, -stream.queuedBytes);
  }

  rstStream(id: number, code: ErrorCode): void {
    this.#controlHead(4, frameType.rstStream, 0, id);
    this.output.uint32(code);
  }

  windowUpdate(id: number, increment: number): void {
    this.#controlHead(4, frameType.windowUpdate, 0, id);
    this.output.uint32(increment);
  }

  /** The eight bytes of a PING are two numbers. */
  ping(high: number, low: number, ack: boolean): void {
    this.#controlHead(8, frameType.ping, ack ? flag.ack : 0, 0);
    this.output.uint32(high);
    this.output.uint32(low);
  }

  settings(settings: readonly Setting[]): void {
    this.#controlHead(settings.length * 6, frameType.settings, 0, 0);
    for (const [id, value] of settings) {
      this.output.uint16(id);
      this.output.uint32(value);
    }
  }

  settingsAck(): void {
    this.#controlHead(0, frameType.settings, flag.ack, 0);
  }

  goaway(lastId: number, code: ErrorCode, debug: string): void {
    this.#controlHead(8 + debug.length, frameType.goaway, 0, 0);
    this.output.uint32(lastId);
    this.output.uint32(code);
    this.output.at += this.output.bytes.write(debug, this.output.at, "latin1");
  }

  #controlHead(length: number, type: number, flags: number, id: number): void {
    this.controlFrames += 1;
    this.output.reserve(frameHeadBytes + length);
    this.output.head(length, type, flags, id);
  }

  /** Whether DATA may skip the queue: it is small, no one waits, and every window has room. */
  #goesDirectly(stream: S, length: number): boolean {
    if (length === 0) return true;
    return (
      length <= frameBytesDefault &&
      length <= stream.sendWindow &&
      length <= this.#window &&
      this.#ring.isEmpty &&
      this.output.length < directOutputBytesMax
    );
  }

  #dataHead(stream: S, length: number, end: boolean): void {
    this.output.reserve(frameHeadBytes);
    this.output.head(length, frameType.data, end ? flag.endStream : 0, stream.id);
    stream.sendWindow -= length;
    stream.sentBytes += length;
    this.sentBytes += length;
    this.#window -= length;
  }

  /** Counts what a queue gained or lost. */
  #count(stream: S, bytes: number): void {
    stream.queuedBytes += bytes;
    this.queuedBytes += bytes;
    if (bytes > 0) this.#account.add(bytes);
    else this.#account.release(-bytes);
  }

  #sendQueued(stream: S): void {
    const length = Math.min(frameBytesDefault, stream.sendWindow, this.#window, stream.queuedBytes);
    const last = length === stream.queuedBytes;
    const end = last && stream.endQueued && stream.queuedTrailers === undefined;
    if (last || length >= crumbBytes) this.messageFrames += 1;
    this.#dataHead(stream, length, end);
    this.#takeQueued(stream, length);
    if (end) this.#ended(stream);
    else if (last && stream.queuedTrailers !== undefined) {
      this.#writeTrailers(stream, stream.queuedTrailers);
    } else {
      if (!last) this.#ring.add(stream);
      if (stream.writerWaits && stream.queuedBytes <= frameBytesDefault) {
        stream.writerWaits = false;
        this.#listener.onWritable(stream);
      }
    }
  }

  /** Moves `length` bytes from the stream's queue to the output. */
  #takeQueued(stream: S, length: number): void {
    const queue = stream.queue ?? [];
    let left = length;
    let whole = 0;
    while (left > 0) {
      const first = queue[whole] ?? empty;
      const taken = Math.min(left, first.length - stream.queueAt);
      this.output.payload(first, stream.queueAt, stream.queueAt + taken);
      left -= taken;
      stream.queueAt += taken;
      if (stream.queueAt === first.length) {
        this.output.spend(first);
        whole += 1;
        stream.queueAt = 0;
      }
    }
    this.#count(stream, -length);
    if (stream.queuedBytes === 0) stream.queue = stream.queueRoom = undefined;
    else if (whole > 0) queue.splice(0, whole);
  }

  #writeTrailers(stream: S, fields: FieldList): void {
    stream.queuedTrailers = undefined;
    this.#beginBlock(fields, 0);
    this.#endBlock(stream, fields, true);
  }

  #ended(stream: S): void {
    stream.localEnded = true;
    this.#listener.onEndSent(stream);
  }

  /** Starts a block where it will be sent from when one frame surely holds it, else aside. */
  #beginBlock(fields: FieldList, pseudoBytes: number): void {
    let most = tableSizeBytesMax + pseudoFieldBytes + pseudoBytes;
    // By place, here and below: taking fields apart costs more than sending them.
    for (const field of fields) most += encodedFieldBytesMax(field[0], field[1]);
    if (most <= frameBytesDefault) {
      this.output.reserve(frameHeadBytes + most);
      this.#blockBytes = this.output.bytes;
      this.#blockAt = this.output.at + frameHeadBytes;
    } else {
      this.#blockBytes = Buffer.allocUnsafe(most);
      this.#blockAt = 0;
    }
    this.#encoder.begin(this.#blockBytes, this.#blockAt);
  }

  #endBlock(stream: S, fields: FieldList, end: boolean): void {
    for (const field of fields) this.#encoder.field(field[0], field[1]);
    this.messageFrames += 1;
    const blockEnd = this.#encoder.end();
    const endFlag = end ? flag.endStream : 0;
    if (this.#blockBytes === this.output.bytes) {
      this.output.head(
        blockEnd - this.#blockAt,
        frameType.headers,
        flag.endHeaders | endFlag,
        stream.id,
      );
      this.output.at = blockEnd;
    } else {
      this.#writeSplit(stream.id, blockEnd, endFlag);
    }
    this.#blockBytes = empty;
    if (end) {
      stream.endQueued = true;
      this.#ended(stream);
    }
  }

  /** Sends a block that may need more than one frame. */
  #writeSplit(id: number, blockEnd: number, endFlag: number): void {
    let type: number = frameType.headers;
    let flags = endFlag;
    for (let at = 0; at < blockEnd || type === frameType.headers; at += frameBytesDefault) {
      const frameEnd = Math.min(blockEnd, at + frameBytesDefault);
      if (frameEnd === blockEnd) flags |= flag.endHeaders;
      this.output.reserve(frameHeadBytes);
      this.output.head(frameEnd - at, type, flags, id);
      this.output.payload(this.#blockBytes, at, frameEnd);
      type = frameType.continuation;
      flags = 0;
    }
  }
}
