/** HTTP/2 without a network (RFC 9113): bytes in, calls of a handler and bytes out. Both roles. */

import { ByteAccount } from "#core/byte-account.ts";
import type { ByteBudget } from "#core/byte-budget.ts";
import { free } from "#core/free.ts";
import { Pace, type PaceRule } from "#core/pace.ts";
import type { Closing } from "./closed-streams.ts";
import type { ConnectionHandler } from "./connection-handler.ts";
import { type ErrorCode, errorCode } from "./error-code.ts";
import { requireSendable, requireSendableHead, requireStatus } from "./field.ts";
import { FieldBuffer } from "./field-buffer.ts";
import { receive } from "./flow.ts";
import { FrameReader } from "./frame-reader.ts";
import {
  clientPreface,
  type Frame,
  flag,
  frameBytesDefault,
  frameType,
  uint16,
  uint31,
  uint32,
} from "./frames.ts";
import { type HeadRefusal, headTooLarge, malformedHead } from "./head-refusal.ts";
import { HeaderBlock } from "./header-block.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import { Lifetime } from "./lifetime.ts";
import {
  type BudgetName,
  type ConnectionLimits,
  controlFramesMax,
  drainTimeMs,
  PeerBudgets,
  settingsEntriesMax,
  streamBytes,
  streamIdDrain,
  tinyDataBytes,
  tinyFramesPerBody,
  tinyFramesPerMessage,
} from "./limits.ts";
import { LingeringStreams } from "./lingering.ts";
import { MessageHead } from "./message-head.ts";
import type { SlabPool } from "./output.ts";
import { ReceiveWindows } from "./receive-windows.ts";
import { Sender, type SenderListener } from "./sender.ts";
import { type Setting, settingId } from "./settings.ts";
import { heaviestOf } from "./shedding.ts";
import type { Breaker, FieldList, Stream } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";

/** What a connection needs. */
export interface ConnectionOptions<S extends Stream> {
  readonly role: "server" | "client";
  readonly limits: ConnectionLimits;
  readonly handler: ConnectionHandler<S>;
  readonly slabs: SlabPool;
  /** What requests and responses of all connections hold in memory. */
  readonly buffers: ByteBudget;
  /** What this one may hold of it; all when absent. */
  readonly heldBytesMax?: number;
  /** Whose connection it is, such as an address: who holds most gives up first. */
  readonly owner?: string;
  /** Monotonic time of its beginning. */
  readonly nowMs: number;
}

/** The head of a request to send. */
export interface RequestHead {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
}

/** Why a connection ended. */
export interface Failure {
  readonly code: ErrorCode;
  readonly debug: string;
}

/** Last stream of a GOAWAY that only announces the next one. */
const anyStreamId = 0x7fff_ffff;
/** A slice of input opens at most so many streams, and ends with so much output waiting. */
const sliceStreamsMax = 24;
const sliceOutputBytesMax = 256 * 1024;
/** Who reads less between two looks does not keep pooled buffers. */
const lentBytesMin = 1024;
/** Past this share of what it may hold a connection opens no more streams; past the other its writers wait sooner. */
const fullShare = 3 / 4;
const busyShare = 1 / 2;
/** First number of our PINGs' eight bytes; the second tells them apart. */
const pingMark = 0x706c_7967;
const pingKind = { bandwidth: 1, keepAlive: 2, drain: 3, nudge: 4 } as const;
/** A frame of this project may be answered by this many WINDOW_UPDATEs, or probed by this many PINGs. */
const windowUpdatesPerFrame = 20;
const pingsPerFrame = 1;

const closings: Readonly<Record<Breaker, Closing>> = {
  nobody: "ended",
  peer: "reset_by_peer",
  us: "reset_by_us",
  connection: "reset_by_us",
};

/**
 * One connection, server's or client's. Never throws for what a peer sends: a stream's error ends
 * in a reset, a connection's in a GOAWAY, `failure` and `finished`.
 */
export class Connection<S extends Stream> implements SenderListener<S> {
  /** Set once the connection has broken, by the peer's fault or by this side's. */
  failure: Failure | undefined;
  readonly #isServer: boolean;
  readonly #limits: ConnectionLimits;
  readonly #handler: ConnectionHandler<S>;
  readonly #reader: FrameReader;
  readonly #decoder: HpackDecoder;
  readonly #head = new MessageHead();
  readonly #sender: Sender<S>;
  readonly #budgets: PeerBudgets;
  readonly #streams: StreamTable<S>;
  readonly #block = new HeaderBlock();
  readonly #windows: ReceiveWindows;
  readonly #account: ByteAccount;
  readonly #lingering: LingeringStreams;
  readonly #lifetime: Lifetime;
  readonly #list = new FieldBuffer();
  /** The last piece of a body that was read is not the last one of it. */
  bodyIsComing = false;
  /** Message frames that were sent when these budgets were last looked at. */
  readonly #framesAt = { windowUpdates: 0, pings: 0 };
  #prefaceBytes: number;
  #settingsUnacked = 0;
  #settingsEverAcked = false;
  #receiving = false;
  #outputSignalled = false;
  #goawaySentLastId = Number.POSITIVE_INFINITY;
  #goawayReceivedLastId = Number.POSITIVE_INFINITY;
  #drainReason = "";
  /** Bytes that the socket has, but not the system. */
  #blockedBytes = 0;
  /** DATA that was sent at the last look, and when that was. */
  #sentBytesSeen = 0;
  #seenMs: number;

  constructor(options: ConnectionOptions<S>) {
    const { role, limits, handler, slabs, nowMs } = options;
    this.#isServer = role === "server";
    this.#limits = limits;
    this.#handler = handler;
    this.#streams = new StreamTable(this.#isServer);
    this.#reader = new FrameReader(limits.frameBytesMax);
    this.#decoder = new HpackDecoder({
      listBytesMax: limits.headerListBytesMax,
      fieldsMax: limits.headerFieldsMax,
    });
    this.#account = new ByteAccount(options.buffers, {
      owner: options.owner ?? "",
      bytesMax: options.heldBytesMax ?? options.buffers.bytesMax,
      shed: (bytes, sparesLargest) => this.#shed(bytes, sparesLargest),
    });
    this.#sender = new Sender(slabs, this.#account, this);
    this.#budgets = new PeerBudgets(nowMs);
    this.#windows = new ReceiveWindows(limits, this.#account);
    this.#lingering = new LingeringStreams({
      silenceMsMax: limits.lingerMs,
      msMax: limits.lingerMsMax,
      bytesMax: limits.lingerBytesMax,
    });
    this.#seenMs = nowMs;
    this.#lifetime = new Lifetime(limits, this.#isServer, nowMs);
    this.#prefaceBytes = this.#isServer ? 0 : clientPreface.length;
    this.#writePreface();
  }

  /** Streams that are open. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /** The peer's preface and first SETTINGS have come. */
  get established(): boolean {
    return this.#lifetime.established;
  }

  /** Streams that `openStream` would open now. */
  get openable(): number {
    if (this.failure !== undefined || this.draining || this.#streams.nextLocalId > streamIdDrain)
      return 0;
    return Math.max(0, this.#sender.peer.concurrentStreamsMax - this.#streams.size);
  }

  /** Either side has said that it wants no more streams. */
  get draining(): boolean {
    return (
      this.#lifetime.drainStartedMs !== undefined ||
      this.#goawayReceivedLastId !== Number.POSITIVE_INFINITY
    );
  }

  /** Nothing more will come: close the socket after the output. */
  get finished(): boolean {
    if (this.failure !== undefined) return true;
    const isEmpty = this.#streams.size === 0 && this.#lingering.size === 0;
    return isEmpty && this.draining && this.#goawaySentLastId !== anyStreamId;
  }

  /** Whether `takeOutput` would return something. */
  get hasOutput(): boolean {
    return this.#sender.output.length > 0 || this.#sender.canPull;
  }

  /** Bytes that wait for the socket, queues that are still under flow control not counted. */
  get waitingBytes(): number {
    return this.#sender.output.length;
  }

  /** Bytes that are held for requests and responses. */
  get heldBytes(): number {
    return this.#account.heldBytes;
  }

  /** Since when no stream is open; undefined while one is. */
  get idleSinceMs(): number | undefined {
    return this.#lifetime.idleSinceMs;
  }

  /** Makes room when too much is held, here or in all: call it when input or output is dealt with. */
  relieve(): void {
    this.#account.relieve();
  }

  /** Time in which the socket has to send what it keeps, by the pace that its peer has to read at. */
  get blockedMsMax(): number {
    const { stallTimeoutMs, bytesPerSecondMin } = this.#limits;
    return stallTimeoutMs + (1000 * this.#blockedBytes) / bytesPerSecondMin;
  }

  /** The socket keeps so many bytes of the output for itself; 0 once it has sent them. */
  blocked(bytes: number): void {
    this.#account.add(bytes - this.#blockedBytes);
    this.#blockedBytes = bytes;
  }

  /** Input is left: take the output, then `readOn`. */
  get hasInput(): boolean {
    return this.failure === undefined && this.#reader.pending;
  }

  /**
   * Reads input, or so much of it that neither calls nor output pile up: see `hasInput`. Payloads
   * given to the handler are views of it.
   */
  receive(bytes: Buffer, nowMs: number): void {
    this.#lifetime.nowMs = this.#lifetime.heardMs = nowMs;
    if (this.failure !== undefined) {
      free(bytes);
      return;
    }
    const at = this.#prefaceBytes < clientPreface.length ? this.#readPreface(bytes) : 0;
    this.#reader.push(bytes, at);
    this.#readFrames();
  }

  /** Reads input that was left. */
  readOn(nowMs: number): void {
    this.#lifetime.nowMs = nowMs;
    this.#readFrames();
  }

  #readFrames(): void {
    const { output } = this.#sender;
    const lastId = this.#streams.highestPeerId + 2 * sliceStreamsMax - 1;
    this.#receiving = true;
    try {
      this.#spend("tinyData", 0);
      while (
        this.failure === undefined &&
        this.#streams.highestPeerId < lastId &&
        output.length < sliceOutputBytesMax &&
        this.#reader.next()
      ) {
        this.#readFrame(this.#reader.frame);
      }
    } finally {
      this.#receiving = false;
    }
  }

  /** Takes about `bytesMax` bytes of output, in order; empty when there is none. */
  takeOutput(bytesMax: number): readonly Buffer[] {
    this.#sender.pull(bytesMax);
    this.#sender.controlFrames = 0;
    this.#outputSignalled = false;
    return this.#sender.output.take();
  }

  /** Lent payloads that are whole with the output taken last: to be given back once that is sent. */
  takeSpent(): readonly Buffer[] {
    return this.#sender.output.takeSpent();
  }

  /** Opens a stream and sends a request's head. `openable` is above 0. Throws when it cannot be sent. */
  openStream(head: RequestHead, fields: FieldList, end: boolean): S {
    requireSendableHead(head);
    requireSendable(fields);
    const stream = this.#handler.createStream(this.#streams.nextLocalId);
    this.#streams.nextLocalId += 2;
    stream.method = head.method;
    stream.scheme = head.scheme;
    stream.authority = head.authority;
    stream.path = head.path;
    stream.bodiless = head.method === "HEAD";
    stream.announced = true;
    this.#addStream(stream);
    this.#sender.request(stream, fields, end);
    this.#signalOutput();
    return stream;
  }

  /** Sends a response's head. No effect on a closed stream. Throws when it cannot be sent. */
  respond(stream: S, status: number, fields: FieldList, end: boolean): void {
    if (stream.closed || stream.headSent) return;
    requireStatus(status);
    requireSendable(fields);
    this.#sender.response(stream, status, fields, end);
    this.#signalOutput();
  }

  /** Sends a piece of the body, which must not change. False: wait for `onWritable`. */
  data(stream: S, payload: Buffer, end: boolean): boolean {
    if (stream.closed || stream.endQueued) return true;
    requireHead(stream);
    const isBusy = this.#account.heldBytes > busyShare * this.#account.bytesMax;
    const queueBytesMax = isBusy ? frameBytesDefault : this.#limits.sendBufferBytes;
    const goOn = this.#sender.data(stream, payload, end, queueBytesMax);
    this.#signalOutput();
    return goOn;
  }

  /** Ends a message with trailers, after what is queued. Throws on bad fields. */
  trailers(stream: S, fields: FieldList): void {
    if (stream.closed || stream.endQueued) return;
    requireHead(stream);
    requireSendable(fields);
    this.#sender.trailers(stream, fields);
    this.#signalOutput();
  }

  /** Breaks a stream off. */
  reset(stream: S, code: ErrorCode): void {
    if (stream.closed) return;
    this.#sender.rstStream(stream.id, code);
    this.#close(stream, "us", code);
    this.#signalOutput();
  }

  /** A reader has made use of bytes of a body: the peer may send as many more. */
  consume(stream: S, bytes: number): void {
    this.#hold(stream, -Math.min(bytes, stream.unreadBytes));
    this.keep(stream, bytes);
  }

  /** A reader wants bytes of a body, but with all others: they are held on, and the peer may send more. */
  keep(stream: S, bytes: number): void {
    this.#lift(stream, bytes);
    this.#giveBack(stream, bytes);
    this.#signalOutput();
  }

  /** No one will read bytes of a body: they are gone, and the peer gets no more for them. */
  drop(stream: S, bytes: number): void {
    if (stream.closed) return;
    this.#hold(stream, -bytes);
    this.#lift(stream, bytes);
    this.#signalOutput();
  }

  /** Messages were made of bytes that were kept: they are held no more, and their tiny frames paid for. */
  understand(stream: S, messages: number, bytes: number): void {
    if (stream.closed) return;
    this.#hold(stream, -bytes);
    this.#forgive(stream, messages * tinyFramesPerMessage);
  }

  #forgive(stream: S, frames: number): void {
    const forgiven = Math.min(stream.tinySpent, frames * tinyDataBytes);
    stream.tinySpent -= forgiven;
    this.#budgets.earn("tinyData", forgiven);
  }

  /** Counts what is held for a stream. */
  #hold(stream: S, bytes: number): void {
    stream.heldBytes += bytes;
    if (bytes > 0) this.#account.add(bytes);
    else this.#account.release(-bytes);
  }

  /** What of a body somebody asked for, or no one ever will, makes room for that of others. */
  #lift(stream: S, bytes: number): void {
    const lifted = Math.min(bytes, stream.unreadBytes);
    if (lifted === 0) return;
    stream.unreadBytes -= lifted;
    const increment = this.#windows.lift(lifted);
    if (increment > 0) this.#sender.windowUpdate(0, increment);
  }

  #giveBack(stream: S, bytes: number): void {
    if (stream.closed || stream.remoteEnded) return;
    const increment = this.#windows.consumed(stream, bytes);
    if (increment > 0) this.#sender.windowUpdate(stream.id, increment);
  }

  /** Announces the end: takes streams for one round trip more, then only those it has. */
  drain(reason: string): void {
    const lifetime = this.#lifetime;
    if (lifetime.drainStartedMs !== undefined || this.failure !== undefined) return;
    lifetime.drainStartedMs = lifetime.nowMs;
    this.#drainReason = reason;
    if (this.#isServer) {
      this.#goaway(anyStreamId, errorCode.noError, reason);
      this.#sender.ping(pingMark, pingKind.drain, false);
    } else {
      this.#goaway(0, errorCode.noError, reason);
    }
    this.#signalOutput();
  }

  /** Announces the end, and takes no stream from now on. */
  retire(reason: string): void {
    if (this.failure !== undefined || this.#goawaySentLastId < anyStreamId) return;
    this.#lifetime.drainStartedMs ??= this.#lifetime.nowMs;
    this.#goaway(this.#streams.highestPeerId, errorCode.noError, reason);
    this.#signalOutput();
  }

  /** Ends the connection with an error of this project. */
  fail(code: ErrorCode, debug: string): void {
    if (this.failure !== undefined) return;
    this.#goaway(Math.min(this.#streams.highestPeerId, this.#goawaySentLastId), code, debug);
    this.#end({ code, debug });
    this.#signalOutput();
  }

  /** The socket is gone: every stream closes, nothing is sent any more. */
  abort(): void {
    if (this.failure === undefined) this.#end({ code: errorCode.noError, debug: "socket_closed" });
    this.#blockedBytes = 0;
    this.#account.close();
  }

  /** Does what time asks for: call it about once per second. */
  tick(nowMs: number): void {
    this.#lifetime.nowMs = nowMs;
    if (this.failure !== undefined) return;
    this.#checkPaces();
    for (const id of this.#lingering.due(nowMs)) this.#endLinger(id);
    // Others may have made room in what all connections share.
    const increment = this.#windows.lift(0);
    if (increment > 0) this.#sender.windowUpdate(0, increment);
    const due = this.#lifetime.due();
    switch (due?.kind) {
      case "fail":
        this.fail(due.code, due.debug);
        break;
      case "ask":
        this.#sender.ping(pingMark, pingKind.keepAlive, false);
        break;
      case "drain":
        this.drain(due.reason);
        break;
      case "finish_drain":
        this.#finishDrain();
        break;
      case undefined:
        break;
    }
    this.#signalOutput();
  }

  onEndSent(stream: S): void {
    const code = stream.isMalformed ? errorCode.protocolError : errorCode.noError;
    if (!stream.remoteEnded) {
      if (!this.#isServer) return;
      this.#linger(stream, code);
      this.#close(stream, "us", code);
    } else if (stream.isMalformed) {
      this.#sender.rstStream(stream.id, code);
      this.#close(stream, "us", code);
    } else {
      this.#close(stream, "nobody", code);
    }
  }

  onWritable(stream: S): void {
    this.#handler.onWritable(stream);
  }

  #writePreface(): void {
    const limits = this.#limits;
    const settings: Setting[] = [
      [settingId.initialWindowSize, limits.streamWindowBytes],
      [settingId.maxHeaderListSize, limits.headerListBytesMax],
      [settingId.noRfc7540Priorities, 1],
    ];
    if (this.#isServer) {
      settings.push([settingId.maxConcurrentStreams, limits.concurrentStreamsMax]);
    } else {
      settings.push([settingId.enablePush, 0]);
      this.#sender.output.reserve(clientPreface.length);
      this.#sender.output.payload(clientPreface, 0, clientPreface.length);
    }
    if (limits.frameBytesMax > frameBytesDefault)
      settings.push([settingId.maxFrameSize, limits.frameBytesMax]);
    this.#sendSettings(settings);
    const increment = this.#windows.open();
    if (increment > 0) this.#sender.windowUpdate(0, increment);
  }

  #sendSettings(settings: readonly Setting[]): void {
    this.#sender.settings(settings);
    this.#lifetime.settingsSentMs ??= this.#lifetime.nowMs;
    this.#settingsUnacked += 1;
  }

  /** Compares what came of the client's preface; returns where frames begin. */
  #readPreface(bytes: Buffer): number {
    const count = Math.min(bytes.length, clientPreface.length - this.#prefaceBytes);
    for (let index = 0; index < count; index += 1) {
      if (bytes[index] !== clientPreface[this.#prefaceBytes + index]) {
        this.fail(errorCode.protocolError, "bad_preface");
        return bytes.length;
      }
    }
    this.#prefaceBytes += count;
    return count;
  }

  #readFrame(frame: Frame): void {
    if (this.#reader.flaw !== errorCode.noError) {
      this.fail(this.#reader.flaw, "bad_frame");
      return;
    }
    const { type } = frame;
    const block = this.#block;
    if (block.open && (type !== frameType.continuation || frame.streamId !== block.streamId)) {
      this.fail(errorCode.protocolError, "header_block_interrupted");
      return;
    }
    if (!this.established && (type !== frameType.settings || frame.has(flag.ack))) {
      this.fail(errorCode.protocolError, "settings_expected");
      return;
    }
    switch (type) {
      case frameType.data:
        this.#readData(frame);
        break;
      case frameType.headers:
        this.#readHeaders(frame);
        break;
      case frameType.continuation:
        this.#readContinuation(frame);
        break;
      case frameType.windowUpdate:
        this.#readWindowUpdate(frame);
        break;
      case frameType.rstStream:
        this.#readRstStream(frame);
        break;
      case frameType.settings:
        this.#readSettings(frame);
        break;
      case frameType.ping:
        this.#readPing(frame);
        break;
      case frameType.goaway:
        this.#readGoaway(frame);
        break;
      case frameType.priority:
        this.#readPriority(frame);
        break;
      case frameType.pushPromise:
        this.fail(errorCode.protocolError, "push_is_disabled");
        break;
      default:
        this.#spend("unknownFrames", 1);
    }
    if (this.#sender.controlFrames > controlFramesMax) {
      this.fail(errorCode.enhanceYourCalm, "too_many_control_frames");
    }
  }

  #readData(frame: Frame): void {
    const { length, streamId } = frame;
    const increment = this.#windows.received(length);
    if (increment < 0) {
      this.fail(errorCode.flowControlError, "connection_window_exceeded");
      return;
    }
    if (increment > 0) this.#sender.windowUpdate(0, increment);
    const trimmed = frame.trim();
    if (trimmed !== errorCode.noError) {
      this.fail(trimmed, "bad_padding");
      return;
    }
    const stream = this.#streams.find(streamId);
    if (stream === undefined) {
      this.#reader.forget();
      if (this.#lingering.has(streamId)) this.#discard(frame);
      else this.#refuseStray(streamId);
      return;
    }
    if (stream.remoteEnded) {
      this.#streamError(streamId, errorCode.streamClosed);
      return;
    }
    if (!stream.headSeen) {
      this.#streamError(streamId, errorCode.protocolError);
      return;
    }
    if (!receive(stream, length)) {
      this.#streamError(streamId, errorCode.flowControlError);
      return;
    }
    const bytes = frame.end - frame.start;
    const end = frame.has(flag.endStream);
    this.bodyIsComing = !end;
    if (!this.#countBody(stream, bytes, end)) {
      this.#streamError(streamId, errorCode.protocolError);
      return;
    }
    if (!end && this.#isTiny(stream, bytes)) return;
    if (!end && this.#windows.startMeasuring(stream, this.#lifetime.nowMs)) {
      this.#sender.ping(pingMark, pingKind.bandwidth, false);
    }
    if (bytes < length) this.#giveBack(stream, length - bytes);
    if (end) stream.remoteEnded = true;
    if (bytes > 0) {
      stream.receivedBytes += bytes;
      stream.unreadBytes += bytes;
      this.#hold(stream, bytes);
      this.#windows.lay(bytes);
      const isKept = this.#handler.onData(stream, frame.bytes.subarray(frame.start, frame.end));
      if (!isKept) this.#reader.forget();
    }
    if (end) this.#remoteEnd(stream);
  }

  /** Counts a body against its content-length. */
  #countBody(stream: S, bytes: number, end: boolean): boolean {
    if (stream.bodiless) return bytes === 0;
    if (stream.bodyBytesLeft < 0) return true;
    stream.bodyBytesLeft -= bytes;
    return end ? stream.bodyBytesLeft === 0 : stream.bodyBytesLeft >= 0;
  }

  /**
   * Charges frames that carry next to nothing; true when that ended the connection. What a client
   * has asked for comes as its server pleases, bounded by the windows.
   */
  #isTiny(stream: S, bytes: number): boolean {
    if (!this.#isServer) return false;
    if (bytes >= tinyDataBytes) {
      this.#budgets.earn("tinyData", bytes);
      this.#budgets.earn("emptyData", 1);
      return false;
    }
    if (bytes === 0) {
      this.#spend("emptyData", 1);
    } else {
      const cost = tinyDataBytes - bytes;
      stream.tinySpent += cost;
      // The verdict waits for the next input: until then readers have their turn.
      this.#budgets.spend("tinyData", cost, this.#lifetime.nowMs);
    }
    return this.failure !== undefined;
  }

  /** The peer's message is whole. `remoteEnded` is set. */
  #remoteEnd(stream: S): void {
    if (stream.closed) return;
    if (stream.tinySpent > 0) this.#forgive(stream, tinyFramesPerBody);
    this.bodyIsComing = false;
    this.#handler.onEnd(stream);
    if (stream.closed || this.#isServer) return;
    if (stream.localEnded) {
      this.#close(stream, "nobody", errorCode.noError);
    } else {
      // The response is whole: the rest of the request interests no one.
      this.#sender.rstStream(stream.id, errorCode.noError);
      this.#close(stream, "us", errorCode.noError);
    }
  }

  #readHeaders(frame: Frame): void {
    const flaw = this.#block.begin(frame);
    if (flaw !== errorCode.noError) this.fail(flaw, "bad_padding");
    else if (this.#block.open) this.#lifetime.blockStartedMs = this.#lifetime.nowMs;
    else this.#readBlock();
  }

  #readContinuation(frame: Frame): void {
    const block = this.#block;
    if (!block.open) {
      this.fail(errorCode.protocolError, "unexpected_continuation");
      return;
    }
    if (!block.append(frame, 2 * this.#limits.headerListBytesMax)) {
      this.fail(errorCode.enhanceYourCalm, "too_many_continuations");
      return;
    }
    if (frame.has(flag.endHeaders)) {
      this.#lifetime.blockStartedMs = undefined;
      this.#readBlock();
    }
  }

  /** Decodes a whole block, whatever happens to its stream: the table has to stay in step. */
  #readBlock(): void {
    const { streamId: id, bytes, start, end } = this.#block;
    const outcome = this.#decoder.decode(bytes, start, end, this.#list);
    this.#block.release();
    if (outcome === "broken") {
      this.fail(errorCode.compressionError, "bad_header_block");
    } else if (outcome === "far_too_large") {
      this.fail(errorCode.enhanceYourCalm, "header_list_far_too_large");
    } else {
      const stream = this.#streams.find(id);
      const tooLarge = outcome === "too_large";
      if (stream !== undefined) this.#readLaterHead(stream, tooLarge);
      else if (this.#lingering.has(id)) this.#readLateTrailers(id, tooLarge);
      else if (this.#isServer) this.#readRequest(id, tooLarge);
      else if (this.#streams.closingOf(id) !== "reset_by_us") this.#refuseStray(id);
    }
    this.#list.clear();
  }

  #readRequest(id: number, tooLarge: boolean): void {
    if (id % 2 === 0) {
      this.fail(errorCode.protocolError, "even_stream_id");
      return;
    }
    if (id <= this.#streams.highestPeerId) {
      this.#refuseOldHeaders(id);
      return;
    }
    this.#streams.highestPeerId = id;
    if (id > this.#goawaySentLastId) return;
    if (this.#streams.size >= this.#limits.concurrentStreamsMax) {
      this.#refuseStream(id);
      if (this.#settingsEverAcked) this.#spend("faults", 1);
      return;
    }
    if (this.#account.heldBytes > fullShare * this.#account.bytesMax) {
      this.#refuseStream(id);
      return;
    }
    if (this.#block.dependsOnItself) {
      this.#streamError(id, errorCode.protocolError);
      return;
    }
    const refusal = this.#refusalOfHead(tooLarge);
    if (refusal !== undefined) {
      this.#spend("faults", 1);
      if (this.failure !== undefined) return;
    }
    const head = this.#head;
    const stream = this.#handler.createStream(id);
    stream.method = head.method;
    stream.scheme = head.scheme;
    stream.authority = head.authority;
    stream.path = head.path;
    stream.protocol = head.protocol;
    stream.fields = head.fields;
    stream.bodyBytesLeft = refusal === undefined ? head.contentLength : -1;
    stream.headSeen = true;
    stream.isMalformed = refusal?.status === 400;
    stream.remoteEnded = this.#block.endsStream;
    this.#addStream(stream);
    stream.announced = true;
    if (refusal === undefined) this.#handler.onHead(stream);
    else this.#handler.onRefusedHead(stream, refusal);
    if (stream.remoteEnded) this.#remoteEnd(stream);
    if (id >= streamIdDrain) this.drain("stream_ids_used_up");
  }

  /** No one has heard of it: sending it again, later or elsewhere, is safe. */
  #refuseStream(id: number): void {
    this.#sender.rstStream(id, errorCode.refusedStream);
    this.#streams.rememberClosing(id, "reset_by_us");
  }

  /** Why the list is no request that a handler can answer; undefined: it is one. */
  #refusalOfHead(tooLarge: boolean): HeadRefusal | undefined {
    const head = this.#head;
    // Of a list that is too large only the beginning is here.
    const isSound = head.read(this.#list, "request");
    if (tooLarge) return headTooLarge(this.#limits);
    if (!isSound) return malformedHead(head.flaw);
    if (head.protocol !== "") return malformedHead(":protocol: extended CONNECT is not offered");
    if (!this.#block.endsStream || head.contentLength <= 0) return undefined;
    return malformedHead("content-length: it promises a body, and there is none");
  }

  /** HEADERS of a client for a stream that it may not open again. */
  #refuseOldHeaders(id: number): void {
    const closing = this.#streams.closingOf(id);
    if (closing === "reset_by_us") return;
    if (closing !== undefined) this.fail(errorCode.streamClosed, "headers_on_closed_stream");
    else if (this.#streams.hasForgotten) this.#streamError(id, errorCode.streamClosed);
    else this.fail(errorCode.protocolError, "stream_id_not_increasing");
  }

  /** HEADERS on an open stream: trailers, or a client's response. */
  #readLaterHead(stream: S, tooLarge: boolean): void {
    if (stream.remoteEnded) {
      this.#streamError(stream.id, errorCode.streamClosed);
      return;
    }
    const part = stream.headSeen ? "trailers" : "response";
    const head = this.#head;
    const wellFormed = !tooLarge && !this.#block.dependsOnItself && head.read(this.#list, part);
    if (!wellFormed || !this.#takeLaterHead(stream, part === "trailers")) {
      this.#streamError(stream.id, errorCode.protocolError);
      return;
    }
    if (part === "response") this.#handler.onHead(stream);
    if (stream.remoteEnded) this.#remoteEnd(stream);
  }

  /** Moves a checked list to its stream; false when it is malformed where it stands. */
  #takeLaterHead(stream: S, isTrailers: boolean): boolean {
    const { status, fields, contentLength } = this.#head;
    const ends = this.#block.endsStream;
    if (isTrailers) {
      // A length that comes too late to be one is somebody's attempt to be read differently elsewhere.
      if (this.#isServer && contentLength >= 0) return false;
      if (!ends || stream.bodyBytesLeft > 0) return false;
      this.#hold(stream, this.#decoder.listBytes);
      stream.trailers = fields;
      stream.remoteEnded = true;
      return true;
    }
    if (status < 200) {
      if (ends) return false;
    } else {
      this.#hold(stream, this.#decoder.listBytes);
      stream.headSeen = true;
      stream.bodiless ||= status === 204 || status === 304;
      if (!stream.bodiless) stream.bodyBytesLeft = contentLength;
      if (ends && stream.bodyBytesLeft > 0) return false;
      stream.remoteEnded = ends;
    }
    stream.status = status;
    stream.fields = fields;
    return true;
  }

  #readWindowUpdate(frame: Frame): void {
    const increment = uint31(frame.bytes, frame.start);
    const { streamId } = frame;
    this.#spendEarned("windowUpdates", windowUpdatesPerFrame);
    if (streamId === 0) {
      if (increment === 0) this.fail(errorCode.protocolError, "window_update_of_zero");
      else if (!this.#sender.growWindow(increment)) {
        this.fail(errorCode.flowControlError, "connection_window_overflow");
      }
      return;
    }
    const stream = this.#streams.find(streamId);
    if (stream === undefined && !this.#lingering.has(streamId)) {
      if (this.#streams.isIdle(streamId))
        this.fail(errorCode.protocolError, "frame_on_idle_stream");
    } else if (increment === 0) {
      this.#streamError(streamId, errorCode.protocolError);
    } else {
      const grows =
        stream === undefined
          ? this.#lingering.growWindow(streamId, increment)
          : this.#sender.growStreamWindow(stream, increment);
      if (!grows) this.#streamError(streamId, errorCode.flowControlError);
    }
  }

  #readRstStream(frame: Frame): void {
    const stream = this.#streams.find(frame.streamId);
    if (stream === undefined) {
      if (this.#streams.isIdle(frame.streamId))
        this.fail(errorCode.protocolError, "frame_on_idle_stream");
      if (this.#lingering.delete(frame.streamId)) {
        this.#streams.rememberClosing(frame.streamId, "reset_by_peer");
      }
      return;
    }
    const code = uint32(frame.bytes, frame.start);
    if (this.#isServer) this.#spend("resets", 1);
    stream.unprocessed = !stream.headSeen && code === errorCode.refusedStream;
    // A server that goes away may refuse stream by stream what crosses its GOAWAY.
    const isLeft = stream.unprocessed && this.#goawayReceivedLastId !== Number.POSITIVE_INFINITY;
    this.#close(stream, isLeft ? "connection" : "peer", code);
  }

  #readSettings(frame: Frame): void {
    if (frame.has(flag.ack)) {
      this.#readSettingsAck();
      return;
    }
    if (frame.length > 6 * settingsEntriesMax) {
      this.fail(errorCode.enhanceYourCalm, "too_many_settings_entries");
      return;
    }
    if (this.established) this.#spend("settings", 1);
    this.#lifetime.established = true;
    const { peer } = this.#sender;
    const windowBefore = peer.initialWindowBytes;
    for (let at = frame.start; at < frame.end; at += 6) {
      const id = uint16(frame.bytes, at);
      const value = uint32(frame.bytes, at + 2);
      const code = peer.apply(id, value, !this.#isServer);
      if (code !== errorCode.noError) {
        this.fail(code, "bad_setting");
        return;
      }
      // Reported as it comes: the table passes through every size that the frame names.
      if (id === settingId.headerTableSize) this.#sender.setTableBytes(value);
    }
    const change = peer.initialWindowBytes - windowBefore;
    if (change !== 0 && !this.#changeSendWindows(change)) {
      this.fail(errorCode.flowControlError, "stream_window_overflow");
      return;
    }
    this.#sender.settingsAck();
    this.#handler.onSettings();
  }

  #changeSendWindows(change: number): boolean {
    for (const stream of this.#streams.values()) {
      if (!this.#sender.growStreamWindow(stream, change)) return false;
    }
    return true;
  }

  #readSettingsAck(): void {
    if (this.#settingsUnacked === 0) {
      this.fail(errorCode.protocolError, "unexpected_settings_ack");
      return;
    }
    this.#settingsUnacked -= 1;
    this.#lifetime.settingsSentMs = this.#settingsUnacked > 0 ? this.#lifetime.nowMs : undefined;
    this.#settingsEverAcked = true;
    const loss = this.#windows.acknowledge();
    if (loss === 0) return;
    for (const stream of this.#streams.values()) stream.receiveOpen -= loss;
  }

  #readPing(frame: Frame): void {
    const high = uint32(frame.bytes, frame.start);
    const low = uint32(frame.bytes, frame.start + 4);
    if (!frame.has(flag.ack)) {
      this.#spendEarned("pings", pingsPerFrame);
      this.#sender.ping(high, low, true);
      return;
    }
    if (high !== pingMark) return;
    if (low === pingKind.bandwidth) this.#growWindows();
    else if (low === pingKind.drain) this.#finishDrain();
  }

  #readGoaway(frame: Frame): void {
    const lastId = uint31(frame.bytes, frame.start);
    const code = uint32(frame.bytes, frame.start + 4);
    if (lastId > this.#goawayReceivedLastId) {
      this.fail(errorCode.protocolError, "goaway_with_higher_stream_id");
      return;
    }
    this.#goawayReceivedLastId = lastId;
    if (!this.#isServer) {
      for (const stream of this.#streams.values()) {
        if (stream.id <= lastId) continue;
        stream.unprocessed = true;
        this.#close(stream, "connection", errorCode.refusedStream);
      }
    }
    const debug = frame.bytes.toString(
      "latin1",
      frame.start + 8,
      Math.min(frame.end, frame.start + 264),
    );
    this.#handler.onGoaway(lastId, code, debug);
  }

  #readPriority(frame: Frame): void {
    this.#spend("priorities", 1);
    const cut = frame.length !== 5;
    if (!cut && uint31(frame.bytes, frame.start) !== frame.streamId) return;
    const code = cut ? errorCode.frameSizeError : errorCode.protocolError;
    if (this.#streams.isIdle(frame.streamId)) this.fail(code, "bad_priority");
    else this.#streamError(frame.streamId, code);
  }

  /** DATA, or a response, on a stream that is not open. */
  #refuseStray(id: number): void {
    if (this.#streams.isIdle(id)) this.fail(errorCode.protocolError, "frame_on_idle_stream");
    else if (id > this.#goawaySentLastId) return;
    else if (this.#streams.closingOf(id) !== "reset_by_us") {
      this.#streamError(id, errorCode.streamClosed);
    }
  }

  /** Resets a stream for what the peer did wrong on it. */
  #streamError(id: number, code: ErrorCode): void {
    this.#spend("faults", 1);
    if (this.failure !== undefined) return;
    this.#sender.rstStream(id, code);
    this.#lingering.delete(id);
    const stream = this.#streams.find(id);
    if (stream === undefined) this.#streams.rememberClosing(id, "reset_by_us");
    else this.#close(stream, "us", code);
  }

  #spend(name: BudgetName, cost: number): void {
    const exceeded = this.#budgets.spend(name, cost, this.#lifetime.nowMs);
    if (exceeded !== undefined) this.fail(errorCode.enhanceYourCalm, exceeded);
  }

  /** Spends one of a budget that each message frame of this project earns `perFrame` back to. */
  #spendEarned(name: "windowUpdates" | "pings", perFrame: number): void {
    const { messageFrames } = this.#sender;
    this.#budgets.earn(name, perFrame * (messageFrames - this.#framesAt[name]));
    this.#framesAt[name] = messageFrames;
    this.#spend(name, 1);
  }

  #addStream(stream: S): void {
    stream.sendWindow = this.#sender.peer.initialWindowBytes;
    stream.receiveOpen = this.#windows.streamBytes;
    this.#lifetime.idleSinceMs = undefined;
    this.#streams.add(stream);
    if (this.#isServer) this.#hold(stream, streamBytes + this.#decoder.listBytes);
  }

  #close(stream: S, brokenBy: Breaker, code: ErrorCode): void {
    if (stream.closed) return;
    stream.closed = true;
    stream.brokenBy = brokenBy;
    stream.errorCode = code;
    this.#streams.remove(stream, closings[brokenBy]);
    this.#sender.forget(stream);
    if (stream.unreadBytes > 0) this.#lift(stream, stream.unreadBytes);
    if (stream.receiveLent > 0) this.#windows.ended(stream);
    this.#hold(stream, -stream.heldBytes);
    if (this.#streams.size === 0) this.#lifetime.idleSinceMs = this.#lifetime.nowMs;
    if (brokenBy === "nobody") this.#budgets.earn("resets", 1);
    if (stream.announced) this.#handler.onClose(stream);
  }

  #end(failure: Failure): void {
    this.failure = failure;
    for (const stream of this.#streams.values()) {
      stream.unprocessed = !this.#isServer && stream.id > this.#goawayReceivedLastId;
      this.#close(stream, "connection", failure.code);
    }
  }

  #goaway(lastId: number, code: ErrorCode, debug: string): void {
    this.#goawaySentLastId = lastId;
    this.#sender.goaway(lastId, code, debug);
  }

  #signalOutput(): void {
    if (this.#receiving || this.#outputSignalled || !this.hasOutput) return;
    this.#outputSignalled = true;
    this.#handler.onOutput();
  }

  #growWindows(): void {
    const increment = this.#windows.finishMeasuring(this.#lifetime.nowMs);
    if (increment > 0) this.#sender.windowUpdate(0, increment);
  }

  /** The second GOAWAY of a drain: from now on no stream is taken. */
  #finishDrain(): void {
    if (this.#goawaySentLastId !== anyStreamId) return;
    this.#goaway(this.#streams.highestPeerId, errorCode.noError, this.#drainReason);
  }

  /**
   * The response is whole, the request is not. Clients that send all of it before they read get a
   * window for the rest, which is discarded; the reset waits until they have ended, or for a while.
   */
  #linger(stream: S, code: ErrorCode): void {
    const { id, bodyBytesLeft, receiveOpen, sendWindow } = stream;
    const { lingerBytesMax, concurrentStreamsMax } = this.#limits;
    const restBytes = bodyBytesLeft < 0 ? lingerBytesMax : Math.min(bodyBytesLeft, lingerBytesMax);
    if (restBytes > receiveOpen) this.#sender.windowUpdate(id, restBytes - receiveOpen);
    this.#lingering.add(id, { sendWindow, code }, this.#lifetime.nowMs);
    const { size, oldest } = this.#lingering;
    if (size > concurrentStreamsMax && oldest !== undefined) this.#endLinger(oldest);
  }

  /**
   * The peer has ended what it need not have sent. curl 7 then waits for a response that it has, if
   * that has no length, until something else comes.
   */
  #lingerEnded(id: number): void {
    this.#lingering.delete(id);
    this.#streams.rememberClosing(id, "ended");
    this.#sender.ping(pingMark, pingKind.nudge, false);
  }

  #endLinger(id: number): void {
    const code = this.#lingering.codeOf(id);
    this.#lingering.delete(id);
    this.#sender.rstStream(id, code);
  }

  /** Trailers of a request whose response is whole. */
  #readLateTrailers(id: number, tooLarge: boolean): void {
    const isSound = !tooLarge && this.#head.read(this.#list, "trailers");
    if (isSound && this.#block.endsStream) this.#lingerEnded(id);
    else this.#streamError(id, errorCode.protocolError);
  }

  /** DATA of a request whose response is whole. */
  #discard(frame: Frame): void {
    const { streamId: id, length } = frame;
    if (frame.has(flag.endStream)) this.#lingerEnded(id);
    else if (!this.#lingering.discard(id, length, this.#lifetime.nowMs)) this.#endLinger(id);
  }

  /** Gives up what is held, the heaviest streams first. */
  #shed(bytes: number, sparesHeaviest: boolean): void {
    for (const stream of heaviestOf(this.#streams.values(), bytes, sparesHeaviest)) {
      this.#handler.onRefusal(stream, "buffers_full");
    }
    this.#signalOutput();
  }

  /** Looks at how fast peers read what waits for them, and send what is waited for. */
  #checkPaces(): void {
    const { nowMs } = this.#lifetime;
    const elapsedMs = nowMs - this.#seenMs;
    this.#seenMs = nowMs;
    if (this.#streams.size === 0) return;
    const { queuedBytes, sentBytes } = this.#sender;
    const shared = { bytes: sentBytes - this.#sentBytesSeen, rule: this.#paceRule(queuedBytes) };
    this.#sentBytesSeen = sentBytes;
    for (const stream of this.#streams.values()) {
      if (stream.queuedBytes > 0) this.#checkReading(stream, shared, elapsedMs);
      else stream.readingPace = undefined;
      if (this.#isServer && !stream.closed) this.#checkSending(stream, elapsedMs);
    }
  }

  #paceRule(waitingBytes: number): PaceRule {
    const { bytesPerSecondMin, stallTimeoutMs: slackMs } = this.#limits;
    const forAll = (1000 * waitingBytes) / drainTimeMs;
    return { bytesPerSecondMin: Math.max(bytesPerSecondMin, forAll), slackMs };
  }

  /**
   * A stream that its own window does not hold up waits with all others, and goes as fast as they;
   * while the socket has to send what it keeps, it is the socket that is late, or not.
   */
  #checkReading(
    stream: S,
    shared: { readonly bytes: number; readonly rule: PaceRule },
    elapsedMs: number,
  ): void {
    const { nowMs } = this.#lifetime;
    const pace = stream.readingPace;
    if (pace === undefined) {
      stream.readingPace = new Pace(nowMs, this.#limits.stallTimeoutMs, stream.sentBytes);
      return;
    }
    const bytes = pace.look(stream.sentBytes);
    if (bytes < lentBytesMin) this.#sender.own(stream);
    if (stream.sendWindow > 0 && this.#blockedBytes > 0) {
      pace.excuse(elapsedMs);
      return;
    }
    const isLate =
      stream.sendWindow > 0
        ? pace.isLate(nowMs, shared.bytes, shared.rule)
        : pace.isLate(nowMs, bytes, this.#paceRule(stream.queuedBytes));
    if (isLate) this.reset(stream, errorCode.cancel);
  }

  #checkSending(stream: S, elapsedMs: number): void {
    if (stream.remoteEnded || !stream.awaitsBody) {
      stream.sendingPace = undefined;
      return;
    }
    const { nowMs } = this.#lifetime;
    const { bodyTimeoutMs, stallTimeoutMs } = this.#limits;
    stream.sendingPace ??= new Pace(nowMs, stallTimeoutMs, stream.receivedBytes);
    const pace = stream.sendingPace;
    // Without a window the peer may not send, however much it would like to.
    if (stream.receiveOpen <= 0 || !this.#windows.isOpen) pace.excuse(elapsedMs);
    const isLate = pace.isLate(nowMs, pace.look(stream.receivedBytes), this.#paceRule(0));
    if (!isLate && nowMs - pace.sinceMs < bodyTimeoutMs) return;
    stream.sendingPace = undefined;
    this.#handler.onRefusal(stream, "late");
  }
}

/** DATA and trailers without a head would be nonsense on the wire. */
function requireHead(stream: Stream): void {
  if (!stream.headSent) throw new Error("a message begins with its head");
}
