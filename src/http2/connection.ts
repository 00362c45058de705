/** HTTP/2 without a network (RFC 9113): bytes in, calls of a handler and bytes out. Both roles. */

import { ClosedStreams, type Closing } from "./closed-streams.ts";
import { type ErrorCode, errorCode } from "./error-code.ts";
import type { Field } from "./field.ts";
import {
  BandwidthEstimator,
  giveBack,
  type ReceiveWindow,
  receive,
  windowBytesDefault,
} from "./flow.ts";
import { FrameReader } from "./frame-reader.ts";
import { clientPreface, type Frame, flag, frameType, uint16, uint31, uint32 } from "./frames.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import {
  type BudgetName,
  type ConnectionLimits,
  continuationFramesMax,
  controlFramesMax,
  PeerBudgets,
  settingsEntriesMax,
  streamIdDrain,
  tinyDataBytes,
} from "./limits.ts";
import { MessageHead } from "./message-head.ts";
import type { SlabPool } from "./output.ts";
import { Sender, type SenderListener } from "./sender.ts";
import { type Setting, settingId } from "./settings.ts";
import type { Breaker, FieldList, Stream } from "./stream.ts";

/** What a connection tells its owner. Each call comes after all state has changed. */
export interface ConnectionHandler<S extends Stream> {
  /** A request's head, or a response's, informational ones included; read it off the stream. */
  onHead(stream: S): void;
  /** A piece of the body. It may be kept; give it back with `consume` once it was read. */
  onData(stream: S, payload: Buffer): void;
  /** The peer's message is whole; `trailers` are on the stream. */
  onEnd(stream: S): void;
  /** The stream is over, by both ends or by a break; called once for each that had a head. */
  onClose(stream: S): void;
  /** A writer that `data` told to wait may go on. */
  onWritable(stream: S): void;
  /** The peer's SETTINGS have changed, so perhaps the number of streams that may be opened. */
  onSettings(): void;
  /** The peer takes no streams past `lastId`; those above are already closed as unprocessed. */
  onGoaway(lastId: number, code: ErrorCode, debug: string): void;
  /** There is output where there was none. Not called from within `receive`. */
  onOutput(): void;
}

/** What a connection needs. */
export interface ConnectionOptions<S extends Stream> {
  readonly role: "server" | "client";
  readonly limits: ConnectionLimits;
  readonly handler: ConnectionHandler<S>;
  readonly createStream: (id: number) => S;
  readonly slabs: SlabPool;
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
/** Time between the two GOAWAYs of a drain when the PING between them stays unanswered. */
const drainStepMs = 5_000;
/** Progress below this does not count as reading. */
const progressBytesMin = 1024;
/** First number of our PINGs' eight bytes; the second tells them apart. */
const pingMark = 0x706c_7967;
const pingKind = { bandwidth: 1, keepAlive: 2, drain: 3 } as const;
const empty = Buffer.alloc(0);
/** A frame of ours may be answered by this many WINDOW_UPDATEs, or probed by this many PINGs. */
const windowUpdatesPerFrame = 20;
const pingsPerFrame = 1;

/**
 * One connection, server's or client's. Never throws for what a peer sends: a stream's error ends
 * in a reset, a connection's in a GOAWAY, `failure` and `finished`.
 */
export class Connection<S extends Stream> implements SenderListener<S> {
  /** Set once the connection has broken, by the peer's fault or by ours. */
  failure: Failure | undefined;
  readonly #isServer: boolean;
  readonly #limits: ConnectionLimits;
  readonly #handler: ConnectionHandler<S>;
  readonly #createStream: (id: number) => S;
  readonly #reader: FrameReader;
  readonly #decoder: HpackDecoder;
  readonly #head = new MessageHead();
  readonly #sender: Sender<S>;
  readonly #budgets: PeerBudgets;
  readonly #streams = new Map<number, S>();
  readonly #closedStreams = new ClosedStreams();
  readonly #window: ReceiveWindow = { receiveOpen: windowBytesDefault, receiveOwed: 0 };
  readonly #list: Field[] = [];
  /** Message frames that were sent when these budgets were last looked at. */
  readonly #framesAt = { windowUpdates: 0, pings: 0 };
  #estimator: BandwidthEstimator | undefined;
  #windowTarget: number;
  #streamWindowTarget: number;
  #lastStream: S | undefined;
  #highestPeerId = 0;
  #nextLocalId = 1;
  #prefaceBytes: number;
  #nowMs: number;
  readonly #createdMs: number;
  #settingsSeen = false;
  #settingsUnacked = 0;
  #settingsSentMs = 0;
  #settingsEverAcked = false;
  /** The header block under way: its stream, 0 for none. */
  #blockId = 0;
  #blockEnds = false;
  #blockDependsOnItself = false;
  #blockStartedMs = 0;
  #blockFrames = 0;
  #block: Buffer = empty;
  #receiving = false;
  #outputSignalled = false;
  #goawaySentLastId = Number.POSITIVE_INFINITY;
  #goawayReceivedLastId = Number.POSITIVE_INFINITY;
  /** When a drain's first GOAWAY was sent. */
  #drainStartedMs: number | undefined;
  #drainReason = "";
  #heardMs: number;
  /** When the PING was sent that asks a silent peer. */
  #keepAliveSentMs: number | undefined;
  #idleSinceMs: number;

  constructor(options: ConnectionOptions<S>) {
    const { role, limits, handler, createStream, slabs, nowMs } = options;
    this.#isServer = role === "server";
    this.#limits = limits;
    this.#handler = handler;
    this.#createStream = createStream;
    this.#reader = new FrameReader(limits.frameBytesMax);
    this.#decoder = new HpackDecoder({
      listBytesMax: limits.headerListBytesMax,
      fieldsMax: limits.headerFieldsMax,
    });
    this.#sender = new Sender(slabs, this);
    this.#budgets = new PeerBudgets(nowMs);
    this.#windowTarget = Math.max(limits.connectionWindowBytes, windowBytesDefault);
    this.#streamWindowTarget = limits.streamWindowBytes;
    this.#prefaceBytes = this.#isServer ? 0 : clientPreface.length;
    this.#createdMs = this.#nowMs = this.#heardMs = this.#idleSinceMs = nowMs;
    this.#writePreface();
  }

  /** Streams that are open. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /** The peer's preface and first SETTINGS have come. */
  get established(): boolean {
    return this.#settingsSeen;
  }

  /** Streams that `openStream` would open now. */
  get openable(): number {
    if (this.failure !== undefined || this.draining || this.#nextLocalId > streamIdDrain) return 0;
    return Math.max(0, this.#sender.peer.concurrentStreamsMax - this.#streams.size);
  }

  /** Either side has said that it wants no more streams. */
  get draining(): boolean {
    return (
      this.#drainStartedMs !== undefined || this.#goawayReceivedLastId !== Number.POSITIVE_INFINITY
    );
  }

  /** Nothing more will come: close the socket behind the output. */
  get finished(): boolean {
    if (this.failure !== undefined) return true;
    return this.#streams.size === 0 && this.draining && this.#goawaySentLastId !== anyStreamId;
  }

  /** Whether `takeOutput` would return something. */
  get hasOutput(): boolean {
    return this.#sender.output.length > 0 || this.#sender.canPull;
  }

  /** Bytes that wait for the socket, queues that are still under flow control not counted. */
  get waitingBytes(): number {
    return this.#sender.output.length;
  }

  /** Reads input. Payloads given to the handler are views of it. */
  receive(bytes: Buffer, nowMs: number): void {
    this.#nowMs = this.#heardMs = nowMs;
    if (this.failure !== undefined) return;
    this.#receiving = true;
    try {
      const at = this.#prefaceBytes < clientPreface.length ? this.#readPreface(bytes) : 0;
      this.#reader.push(bytes, at);
      while (this.failure === undefined && this.#reader.next()) this.#readFrame(this.#reader.frame);
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

  /** Opens a stream and sends a request's head. `openable` is above 0. */
  openStream(head: RequestHead, fields: FieldList, end: boolean): S {
    const stream = this.#createStream(this.#nextLocalId);
    this.#nextLocalId += 2;
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

  /** Sends a response's head. No effect on a closed stream. */
  respond(stream: S, status: number, fields: FieldList, end: boolean): void {
    if (stream.closed || stream.endQueued) return;
    this.#sender.response(stream, status, fields, end);
    this.#signalOutput();
  }

  /** Sends a piece of the body, which must not change. False: wait for `onWritable`. */
  data(stream: S, payload: Buffer, end: boolean): boolean {
    if (stream.closed || stream.endQueued) return true;
    if (stream.queuedBytes === 0) this.#startProgress(stream);
    const goOn = this.#sender.data(stream, payload, end, this.#limits.sendBufferBytes);
    this.#signalOutput();
    return goOn;
  }

  /** Ends a message with trailers, behind what is queued. */
  trailers(stream: S, fields: FieldList): void {
    if (stream.closed || stream.endQueued) return;
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

  /** Lets the peer send as many bytes more as were read of a stream. */
  consume(stream: S, bytes: number): void {
    this.#budgets.earn("tinyData", bytes + tinyDataBytes);
    this.#giveBack(stream, bytes);
    this.#signalOutput();
  }

  #giveBack(stream: S, bytes: number): void {
    if (stream.closed || stream.remoteEnded) return;
    const increment = giveBack(stream, bytes, this.#streamWindowTarget);
    if (increment === 0) return;
    this.#sender.windowUpdate(stream.id, increment);
    this.#measureBandwidth();
  }

  /** Announces the end: takes streams for one round trip more, then only those it has. */
  drain(reason: string): void {
    if (this.#drainStartedMs !== undefined || this.failure !== undefined) return;
    this.#drainStartedMs = this.#nowMs;
    this.#drainReason = reason;
    if (this.#isServer) {
      this.#goaway(anyStreamId, errorCode.noError, reason);
      this.#sender.ping(pingMark, pingKind.drain, false);
    } else {
      this.#goaway(0, errorCode.noError, reason);
    }
    this.#signalOutput();
  }

  /** Ends the connection with an error of ours. */
  fail(code: ErrorCode, debug: string): void {
    if (this.failure !== undefined) return;
    this.#goaway(Math.min(this.#highestPeerId, this.#goawaySentLastId), code, debug);
    this.#end({ code, debug });
    this.#signalOutput();
  }

  /** The socket is gone: every stream closes, nothing is sent any more. */
  abort(): void {
    if (this.failure === undefined) this.#end({ code: errorCode.noError, debug: "socket_closed" });
  }

  /** Does what time asks for: call it about once a second. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.failure !== undefined) return;
    const limits = this.#limits;
    const isPast = (sinceMs: number, timeoutMs: number) => nowMs - sinceMs >= timeoutMs;
    if (!this.#settingsSeen && isPast(this.#createdMs, limits.handshakeTimeoutMs)) {
      this.fail(errorCode.settingsTimeout, "handshake_timeout");
    } else if (
      this.#settingsUnacked > 0 &&
      isPast(this.#settingsSentMs, limits.settingsTimeoutMs)
    ) {
      this.fail(errorCode.settingsTimeout, "settings_timeout");
    } else if (this.#blockId !== 0 && isPast(this.#blockStartedMs, limits.headerTimeoutMs)) {
      this.fail(errorCode.enhanceYourCalm, "header_timeout");
    } else {
      this.#resetStalled();
      this.#keepAlive();
      this.#retire();
    }
  }

  onEndSent(stream: S): void {
    if (stream.remoteEnded) {
      this.#close(stream, "nobody", errorCode.noError);
    } else if (this.#isServer) {
      // The answer is whole: what still comes of the request interests nobody.
      this.#sender.rstStream(stream.id, errorCode.noError);
      this.#close(stream, "us", errorCode.noError);
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
    if (limits.frameBytesMax > 16_384)
      settings.push([settingId.maxFrameSize, limits.frameBytesMax]);
    this.#sendSettings(settings);
    const increment = this.#windowTarget - windowBytesDefault;
    if (increment > 0) {
      this.#window.receiveOpen += increment;
      this.#sender.windowUpdate(0, increment);
    }
  }

  #sendSettings(settings: readonly Setting[]): void {
    this.#sender.settings(settings);
    if (this.#settingsUnacked === 0) this.#settingsSentMs = this.#nowMs;
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
    if (
      this.#blockId !== 0 &&
      (type !== frameType.continuation || frame.streamId !== this.#blockId)
    ) {
      this.fail(errorCode.protocolError, "header_block_interrupted");
      return;
    }
    if (!this.#settingsSeen && (type !== frameType.settings || frame.has(flag.ack))) {
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
    // Credited on receipt: what a stream's reader leaves lying may not hold up the others.
    if (!receive(this.#window, length)) {
      this.fail(errorCode.flowControlError, "connection_window_exceeded");
      return;
    }
    const increment = giveBack(this.#window, length, this.#windowTarget);
    if (increment > 0) this.#sender.windowUpdate(0, increment);
    if (this.#estimator?.sampling) this.#estimator.add(length);
    const trimmed = frame.trim();
    if (trimmed !== errorCode.noError) {
      this.fail(trimmed, "bad_padding");
      return;
    }
    const stream = this.#find(streamId);
    if (stream === undefined) {
      this.#refuseStray(streamId);
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
    if (!this.#countBody(stream, bytes, end)) {
      this.#streamError(streamId, errorCode.protocolError);
      return;
    }
    if (!end && this.#isTiny(bytes)) return;
    if (bytes < length) this.#giveBack(stream, length - bytes);
    if (end) stream.remoteEnded = true;
    if (bytes > 0) {
      this.#handler.onData(stream, frame.bytes.subarray(frame.start, frame.end));
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

  /** Charges frames that carry next to nothing; true when that ended the connection. */
  #isTiny(bytes: number): boolean {
    if (bytes >= tinyDataBytes) {
      this.#budgets.earn("tinyData", bytes);
      this.#budgets.earn("emptyData", 1);
      return false;
    }
    if (bytes === 0) this.#spend("emptyData", 1);
    else this.#spend("tinyData", tinyDataBytes - bytes);
    return this.failure !== undefined;
  }

  /** The peer's message is whole. `remoteEnded` is set. */
  #remoteEnd(stream: S): void {
    if (stream.closed) return;
    this.#budgets.earn("tinyData", tinyDataBytes);
    this.#handler.onEnd(stream);
    if (stream.closed || this.#isServer) return;
    if (stream.localEnded) {
      this.#close(stream, "nobody", errorCode.noError);
    } else {
      // The answer is whole: the rest of the request interests nobody.
      this.#sender.rstStream(stream.id, errorCode.noError);
      this.#close(stream, "us", errorCode.noError);
    }
  }

  #readHeaders(frame: Frame): void {
    const { streamId } = frame;
    const fieldStart = frame.start + (frame.has(flag.padded) ? 1 : 0);
    const trimmed = frame.trim();
    if (trimmed !== errorCode.noError) {
      this.fail(trimmed, "bad_padding");
      return;
    }
    this.#blockEnds = frame.has(flag.endStream);
    this.#blockDependsOnItself =
      frame.has(flag.priority) && uint31(frame.bytes, fieldStart) === streamId;
    if (frame.has(flag.endHeaders)) {
      this.#readBlock(streamId, frame.bytes, frame.start, frame.end);
      return;
    }
    this.#blockId = streamId;
    this.#blockFrames = 1;
    this.#blockStartedMs = this.#nowMs;
    this.#block = Buffer.from(frame.bytes.subarray(frame.start, frame.end));
  }

  #readContinuation(frame: Frame): void {
    if (this.#blockId === 0) {
      this.fail(errorCode.protocolError, "unexpected_continuation");
      return;
    }
    this.#blockFrames += 1;
    const bytes = this.#block.length + frame.length;
    if (this.#blockFrames > continuationFramesMax || bytes > 2 * this.#limits.headerListBytesMax) {
      this.fail(errorCode.enhanceYourCalm, "too_many_continuations");
      return;
    }
    const block = Buffer.concat([this.#block, frame.bytes.subarray(frame.start, frame.end)]);
    this.#block = block;
    if (!frame.has(flag.endHeaders)) return;
    const id = this.#blockId;
    this.#blockId = 0;
    this.#block = empty;
    this.#readBlock(id, block, 0, block.length);
  }

  /** Decodes a whole block, whatever will become of its stream: the table has to stay in step. */
  #readBlock(id: number, bytes: Buffer, start: number, end: number): void {
    this.#list.length = 0;
    const outcome = this.#decoder.decode(bytes, start, end, this.#list);
    if (outcome === "broken") {
      this.fail(errorCode.compressionError, "bad_header_block");
    } else if (outcome === "far_too_large") {
      this.fail(errorCode.enhanceYourCalm, "header_list_far_too_large");
    } else {
      const stream = this.#find(id);
      const tooLarge = outcome === "too_large";
      if (stream !== undefined) this.#readLaterHead(stream, tooLarge);
      else if (this.#isServer) this.#readRequest(id, tooLarge);
      else if (this.#closedStreams.find(id) !== "reset_by_us") this.#refuseStray(id);
    }
    this.#list.length = 0;
  }

  #readRequest(id: number, tooLarge: boolean): void {
    if (id % 2 === 0) {
      this.fail(errorCode.protocolError, "even_stream_id");
      return;
    }
    if (id <= this.#highestPeerId) {
      this.#refuseOldHeaders(id);
      return;
    }
    this.#highestPeerId = id;
    if (id > this.#goawaySentLastId) return;
    if (this.#streams.size >= this.#limits.concurrentStreamsMax) {
      this.#sender.rstStream(id, errorCode.refusedStream);
      this.#closedStreams.remember(id, "reset_by_us");
      if (this.#settingsEverAcked) this.#spend("faults", 1);
      return;
    }
    if (this.#blockDependsOnItself || !this.#acceptsRequest(tooLarge)) {
      this.#streamError(id, errorCode.protocolError);
      return;
    }
    const head = this.#head;
    const stream = this.#createStream(id);
    stream.method = head.method;
    stream.scheme = head.scheme;
    stream.authority = head.authority;
    stream.path = head.path;
    stream.protocol = head.protocol;
    stream.fields = head.fields;
    stream.bodyBytesLeft = head.contentLength;
    stream.headSeen = true;
    stream.remoteEnded = this.#blockEnds;
    this.#addStream(stream);
    if (tooLarge) {
      this.#spend("faults", 1);
      this.respond(stream, 431, [], true);
      return;
    }
    stream.announced = true;
    this.#handler.onHead(stream);
    if (stream.remoteEnded) this.#remoteEnd(stream);
    if (id >= streamIdDrain) this.drain("stream_ids_used_up");
  }

  /** Whether the list is a request that can be answered; one that is too large is, with 431. */
  #acceptsRequest(tooLarge: boolean): boolean {
    if (tooLarge) return true;
    const head = this.#head;
    if (!head.read(this.#list, "request") || head.protocol !== "") return false;
    return !(this.#blockEnds && head.contentLength > 0);
  }

  /** HEADERS of a client for a stream that it may not open again. */
  #refuseOldHeaders(id: number): void {
    const closing = this.#closedStreams.find(id);
    if (closing === "reset_by_us") return;
    if (closing !== undefined) this.fail(errorCode.streamClosed, "headers_on_closed_stream");
    else if (this.#closedStreams.hasForgotten) this.#streamError(id, errorCode.streamClosed);
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
    const wellFormed = !tooLarge && !this.#blockDependsOnItself && head.read(this.#list, part);
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
    const ends = this.#blockEnds;
    if (isTrailers) {
      if (!ends || stream.bodyBytesLeft > 0) return false;
      stream.trailers = fields;
      stream.remoteEnded = true;
      return true;
    }
    if (status < 200) {
      if (ends) return false;
    } else {
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
    const stream = this.#find(streamId);
    if (stream === undefined) {
      if (this.#isIdle(streamId)) this.fail(errorCode.protocolError, "frame_on_idle_stream");
    } else if (increment === 0) {
      this.#streamError(streamId, errorCode.protocolError);
    } else if (!this.#sender.growStreamWindow(stream, increment)) {
      this.#streamError(streamId, errorCode.flowControlError);
    }
  }

  #readRstStream(frame: Frame): void {
    const stream = this.#find(frame.streamId);
    if (stream === undefined) {
      if (this.#isIdle(frame.streamId)) this.fail(errorCode.protocolError, "frame_on_idle_stream");
      return;
    }
    const code = uint32(frame.bytes, frame.start);
    if (this.#isServer) this.#spend("resets", 1);
    stream.unprocessed = !stream.headSeen && code === errorCode.refusedStream;
    this.#close(stream, "peer", code);
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
    if (this.#settingsSeen) this.#spend("settings", 1);
    this.#settingsSeen = true;
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
      // Told as it comes: the table passes through every size that the frame names.
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
    this.#settingsSentMs = this.#nowMs;
    if (this.#settingsEverAcked) return;
    this.#settingsEverAcked = true;
    const change = Math.min(0, this.#limits.streamWindowBytes - windowBytesDefault);
    for (const stream of this.#streams.values()) stream.receiveOpen += change;
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
    if (low === pingKind.bandwidth && this.#estimator?.sampling) {
      this.#growWindows(this.#estimator.finish(this.#nowMs));
    } else if (low === pingKind.keepAlive) {
      this.#keepAliveSentMs = undefined;
    } else if (low === pingKind.drain && this.#goawaySentLastId === anyStreamId) {
      this.#goaway(this.#highestPeerId, errorCode.noError, this.#drainReason);
    }
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
        this.#close(stream, "peer", errorCode.refusedStream);
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
    if (this.#isIdle(frame.streamId)) this.fail(code, "bad_priority");
    else this.#streamError(frame.streamId, code);
  }

  #find(id: number): S | undefined {
    if (this.#lastStream?.id === id) return this.#lastStream;
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.#lastStream = stream;
    return stream;
  }

  #isIdle(id: number): boolean {
    const fromPeer = (id % 2 === 1) === this.#isServer;
    return fromPeer ? id > this.#highestPeerId : this.#isServer || id >= this.#nextLocalId;
  }

  /** DATA, or a response, on a stream that is not open. */
  #refuseStray(id: number): void {
    if (this.#isIdle(id)) this.fail(errorCode.protocolError, "frame_on_idle_stream");
    else if (id > this.#goawaySentLastId) return;
    else if (this.#closedStreams.find(id) !== "reset_by_us") {
      this.#streamError(id, errorCode.streamClosed);
    }
  }

  /** Resets a stream for what the peer did wrong on it. */
  #streamError(id: number, code: ErrorCode): void {
    this.#spend("faults", 1);
    if (this.failure !== undefined) return;
    this.#sender.rstStream(id, code);
    const stream = this.#streams.get(id);
    if (stream === undefined) this.#closedStreams.remember(id, "reset_by_us");
    else this.#close(stream, "us", code);
  }

  #spend(name: BudgetName, cost: number): void {
    const exceeded = this.#budgets.spend(name, cost, this.#nowMs);
    if (exceeded !== undefined) this.fail(errorCode.enhanceYourCalm, exceeded);
  }

  /** Spends one of a budget that each message frame of ours earns `perFrame` back to. */
  #spendEarned(name: "windowUpdates" | "pings", perFrame: number): void {
    const { messageFrames } = this.#sender;
    this.#budgets.earn(name, perFrame * (messageFrames - this.#framesAt[name]));
    this.#framesAt[name] = messageFrames;
    this.#spend(name, 1);
  }

  #addStream(stream: S): void {
    stream.sendWindow = this.#sender.peer.initialWindowBytes;
    stream.receiveOpen = this.#settingsEverAcked
      ? this.#streamWindowTarget
      : Math.max(this.#streamWindowTarget, windowBytesDefault);
    this.#streams.set(stream.id, stream);
    this.#lastStream = stream;
  }

  #close(stream: S, brokenBy: Breaker, code: ErrorCode): void {
    if (stream.closed) return;
    stream.closed = true;
    stream.brokenBy = brokenBy;
    stream.errorCode = code;
    this.#streams.delete(stream.id);
    this.#lastStream = undefined;
    this.#sender.forget(stream);
    const closing: Closing =
      brokenBy === "nobody" ? "ended" : brokenBy === "peer" ? "reset_by_peer" : "reset_by_us";
    this.#closedStreams.remember(stream.id, closing);
    if (this.#streams.size === 0) this.#idleSinceMs = this.#nowMs;
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

  /** A large body is coming in: finds out whether its sender waits for windows. */
  #measureBandwidth(): void {
    const { windowBytesMax } = this.#limits;
    if (windowBytesMax <= this.#streamWindowTarget) return;
    this.#estimator ??= new BandwidthEstimator(this.#streamWindowTarget, windowBytesMax);
    if (this.#estimator.sampling || !this.#estimator.active) return;
    this.#estimator.start(this.#nowMs);
    this.#sender.ping(pingMark, pingKind.bandwidth, false);
  }

  #growWindows(target: number): void {
    const growth = target - this.#streamWindowTarget;
    if (growth <= 0) return;
    this.#streamWindowTarget = target;
    for (const stream of this.#streams.values()) stream.receiveOpen += growth;
    this.#sendSettings([[settingId.initialWindowSize, target]]);
    if (target > this.#windowTarget) {
      this.#sender.windowUpdate(0, target - this.#windowTarget);
      this.#window.receiveOpen += target - this.#windowTarget;
      this.#windowTarget = target;
    }
  }

  #startProgress(stream: S): void {
    stream.progressBytes = stream.sentBytes;
    stream.progressMs = this.#nowMs;
  }

  #resetStalled(): void {
    for (const stream of this.#streams.values()) {
      if (stream.queuedBytes === 0) continue;
      if (stream.sentBytes - stream.progressBytes >= progressBytesMin) this.#startProgress(stream);
      else if (this.#nowMs - stream.progressMs >= this.#limits.stallTimeoutMs) {
        this.reset(stream, errorCode.cancel);
      }
    }
  }

  #keepAlive(): void {
    const { keepAliveMs, keepAliveTimeoutMs } = this.#limits;
    if (keepAliveMs === 0) return;
    const askedMs = this.#keepAliveSentMs;
    if (askedMs === undefined || this.#heardMs > askedMs) {
      this.#keepAliveSentMs = undefined;
      if (this.#nowMs - this.#heardMs < keepAliveMs) return;
      this.#keepAliveSentMs = this.#nowMs;
      this.#sender.ping(pingMark, pingKind.keepAlive, false);
      this.#signalOutput();
    } else if (this.#nowMs - askedMs >= keepAliveTimeoutMs) {
      this.fail(errorCode.noError, "keepalive_timeout");
    }
  }

  /** Drains for age or idleness, and takes the second step of a drain that got no answer. */
  #retire(): void {
    const { idleTimeoutMs, ageMaxMs } = this.#limits;
    if (this.#drainStartedMs !== undefined) {
      const stepDue = this.#nowMs - this.#drainStartedMs >= drainStepMs;
      if (stepDue && this.#goawaySentLastId === anyStreamId) {
        this.#goaway(this.#highestPeerId, errorCode.noError, this.#drainReason);
        this.#signalOutput();
      }
    } else if (ageMaxMs > 0 && this.#nowMs - this.#createdMs >= ageMaxMs) {
      this.drain("max_age");
    } else if (
      idleTimeoutMs > 0 &&
      this.#streams.size === 0 &&
      this.#nowMs - this.#idleSinceMs >= idleTimeoutMs
    ) {
      this.drain("max_idle");
    }
  }
}
