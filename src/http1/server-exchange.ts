/** A request and its response on a server: the interface that handlers see. */

import { appended } from "#core/appended.ts";
import type { BodyProgress, LengthFrom } from "#core/body-progress.ts";
import { BodyTooLargeError } from "#http/body-too-large.ts";
import { type BodySource, IncomingBody } from "#http/incoming-body.ts";
import type { OutputChunk } from "#http/write-chunks.ts";
import { ConnectionBrokenError } from "./connection-broken.ts";
import type { Link } from "./link.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { RequestHead } from "./request-head.ts";
import {
  chunkHead,
  counted,
  type Framing,
  lastChunk,
  type Output,
  sendAround,
} from "./response-body.ts";
import {
  type FieldList,
  headStart,
  ResponseFields,
  sharedLines,
  statusLine,
  trailerLines,
} from "./response-head.ts";

/** How an exchange ended. */
export interface ExchangeEnd {
  /** Status that was sent; 499 when the client left before any was. */
  readonly status: number;
  /** Bytes of the response's body. */
  readonly bodyBytes: number;
  /** The connection broke before the response was whole. */
  readonly aborted: boolean;
}

const clientGoneStatus = 499;
const continueText = "HTTP/1.1 100 Continue\r\n\r\n";
const noBytes = Buffer.alloc(0);
const nothing = counted(noBytes);
/** Some readers of chunks bound the digits of a size, to 12 or more. */
const zerosMax = 6;

/** Whether responses of this status have no body, whatever their fields say (RFC 9112 §6.3). */
function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}

/**
 * One request and its response. Exactly one of `respond` or `start` … `end` answers it. A handler is
 * called once the body is whole, or at the end of the read that brought the head.
 */
export class ServerExchange implements BodySource, Output {
  /** Bytes of the request's body that came. For the connection alone, as all of these. */
  receivedBytes = 0;
  /** Those that its sender was not asked to go on after. */
  unreadBytes = 0;
  /** Those that are in memory here. */
  heldBytes = 0;
  /** Its owner works on it, so what comes in may have to wait. */
  dispatched = false;
  /** Fields that go with the response, each unless it has one of that name itself. */
  sharedFields: FieldList | undefined;
  readonly #head: RequestHead;
  readonly #facts: RequestFacts;
  readonly #link: Link;
  readonly #body = new IncomingBody();
  #status = 0;
  #framing: Framing = "none";
  /** The connection closes after the response. */
  #closes = false;
  /** Bytes of the response's body so far, and how many are still promised. */
  #bodyBytes = 0;
  #leftBytes = 0;
  /** Octets of the head that were sent before the rest. */
  #headOctets = 0;
  /** Zeros that were sent before the next chunk's size. */
  #zeros = 0;
  #answered = false;
  /** The response is sent. */
  #sent = false;
  #broken = false;
  #isSettled = false;
  #writer: PromiseWithResolvers<void> | undefined;
  #endListeners: ((end: ExchangeEnd) => void)[] | undefined;

  constructor(head: RequestHead, facts: RequestFacts, link: Link) {
    this.#head = head;
    this.#facts = facts;
    this.#link = link;
  }

  get method(): string {
    return this.#head.method;
  }

  /** Path and query as sent, or `*`. */
  get path(): string {
    return this.#head.path;
  }

  /** Host and port that the request is for; empty when it names none. */
  get authority(): string {
    return this.#facts.authority;
  }

  /** Whether a response was begun. */
  get started(): boolean {
    return this.#status !== 0;
  }

  /** Value of a field by lower-case name; several joined, cookies by "; ". */
  header(name: string): string | undefined {
    return this.#head.header(name);
  }

  /** All fields in order, names in lower case. */
  headers(): Generator<readonly [name: string, value: string]> {
    return this.#head.headers();
  }

  /** The whole body when it is here already: the way of small calls. It is held until the response is over. */
  takeBody(): Buffer | undefined {
    const whole = this.#body.takeWhole();
    if (whole !== undefined) this.unreadBytes = 0;
    return whole;
  }

  /**
   * The whole body; where its head says no length, its start may: `lengthFrom`. Rejects with
   * BodyTooLargeError or ConnectionBrokenError.
   */
  async body(bytesMax: number, lengthFrom?: LengthFrom): Promise<Buffer> {
    this.#invite(bytesMax);
    const { bodyBytes } = this.#facts;
    if (bodyBytes < 0) return await this.#body.read(bytesMax, this, bytesMax, lengthFrom);
    return await this.#body.read(bytesMax, this, bodyBytes);
  }

  /** The body in pieces; reading slowly slows the sender. Fails as `body` does. */
  async *chunks(bytesMax: number, progress?: BodyProgress): AsyncGenerator<Buffer> {
    this.#invite(bytesMax);
    yield* this.#body.pieces(bytesMax, this, progress);
  }

  /**
   * The whole response at once; with trailers it goes in chunks, where the client knows them. A HEAD
   * request gets the head alone. Throws TypeError for fields that cannot be sent, and sends nothing.
   */
  respond(
    status: number,
    fields: FieldList,
    body: Uint8Array | string = noBytes,
    trailers?: FieldList,
  ): void {
    if (this.started || this.#broken) return;
    const whole = counted(body);
    const { bytes: bodyBytes } = whole;
    const end = trailers === undefined ? "" : trailerLines(trailers);
    const head = this.#headText(status, fields, trailers === undefined ? bodyBytes : -1);
    if (this.#framing === "sized" && bodyBytes !== this.#leftBytes && this.method !== "HEAD") {
      throw new TypeError("content-length: the body has another one");
    }
    this.#status = status;
    const content = this.#isHeadAlone ? nothing : whole;
    this.#bodyBytes = content.bytes;
    if (this.#framing !== "chunked" || this.method === "HEAD") {
      sendAround(this, head, content, "");
    } else if (bodyBytes === 0) {
      sendAround(this, head, content, lastChunk(end));
    } else {
      const before = head + chunkHead(bodyBytes);
      sendAround(this, before, content, `\r\n${lastChunk(end)}`);
    }
    this.#finish();
  }

  /** The head of a response whose body follows in pieces. Throws as `respond`. */
  start(status: number, fields: FieldList): void {
    if (this.started || this.#broken) return;
    const head = this.#headText(status, fields, -1);
    this.#status = status;
    this.send(head);
  }

  /**
   * Sends a piece, which must not change. A promise resolves when there is room for the next;
   * undefined when there is already. Rejects with ConnectionBrokenError.
   */
  write(piece: Uint8Array | string): Promise<void> | undefined {
    if (this.#broken) return Promise.reject(new ConnectionBrokenError());
    const content = counted(piece);
    const { bytes: pieceBytes } = content;
    if (this.#answered || pieceBytes === 0 || this.#isHeadAlone) return undefined;
    if (this.#framing === "sized" && pieceBytes > this.#leftBytes) {
      this.reset();
      return Promise.reject(new RangeError("content-length: the body is longer"));
    }
    this.#leftBytes -= pieceBytes;
    this.#bodyBytes += pieceBytes;
    const isChunk = this.#framing === "chunked";
    this.#zeros = 0;
    const before = isChunk ? chunkHead(pieceBytes) : "";
    if (sendAround(this, before, content, isChunk ? "\r\n" : "")) return undefined;
    this.#writer ??= Promise.withResolvers<void>();
    return this.#writer.promise;
  }

  /** The response is whole; trailers go out where it is in chunks. Throws as `respond`. */
  end(trailers: FieldList = []): void {
    if (this.#answered || this.#broken) return;
    const lines = trailerLines(trailers);
    if (this.#framing === "sized" && this.#leftBytes > 0 && !this.#isHeadAlone) {
      this.reset();
      return;
    }
    if (this.#framing === "chunked" && !this.#isHeadAlone) {
      this.send(lastChunk(lines));
    }
    this.#finish();
  }

  /** Breaks the connection off, so that the client sees that the response is not whole. */
  reset(): void {
    if (!(this.#answered || this.#broken)) this.#link.reset(this);
  }

  /** Called once, when the response is sent or the connection is broken; at once when it was. */
  onEnd(listener: (end: ExchangeEnd) => void): void {
    if (this.#sent || this.#broken) {
      listener(this.#howItEnded());
      return;
    }
    this.#endListeners = appended(this.#endListeners, listener);
  }

  /** The handler cannot go on until more of the body has come, so that its sender may not rest. */
  get awaitsBody(): boolean {
    return this.#body.isAwaited;
  }

  /** The request's body is whole. For the connection alone, as all below. */
  get isReceived(): boolean {
    return this.#body.ended;
  }

  /** A piece of the body has come. False when the memory that it lies in is not used on. */
  received(piece: Buffer): boolean {
    if (this.#answered) return false;
    this.receivedBytes += piece.length;
    this.unreadBytes += piece.length;
    this.heldBytes += piece.length;
    return this.#body.add(piece, this, this.dispatched);
  }

  /** The body is whole. */
  receivedAll(): void {
    this.#body.end();
  }

  /** The read is over; what outlasts it may not hold on to all of its bytes. */
  settle(): void {
    // Once, for what came with the head: pieces that come later are copied as they come.
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#head.own();
    this.#body.settle();
  }

  /**
   * Writes what a client that waits need not know from what it gets in any case, and makes the system of
   * one that left say so: the next octet that every head begins with, or a zero before the next chunk's
   * size (RFC 9112 §7.1). A body with a length, or that ends with the connection, leaves no room for either.
   */
  probe(): void {
    if (!this.started) {
      const octet = headStart[this.#headOctets];
      if (octet === undefined) return;
      this.#headOctets += 1;
      this.send(octet);
    } else if (this.#framing === "chunked" && !this.#isHeadAlone && this.#zeros < zerosMax) {
      this.#zeros += 1;
      this.send("0");
    }
  }

  send(chunk: OutputChunk): boolean {
    return this.#link.send(this, chunk);
  }

  /** There is room for the next piece. */
  writable(): void {
    this.#writer?.resolve();
    this.#writer = undefined;
  }

  /** The socket has taken the response. */
  sent(): void {
    this.#sent = true;
    this.writable();
    this.#tellEnd();
  }

  /** The connection is gone. */
  broke(): void {
    if (this.#sent || this.#broken) return;
    this.#broken = true;
    if (!this.isReceived) this.#body.break(this);
    this.#writer?.reject(new ConnectionBrokenError());
    this.#writer = undefined;
    this.#tellEnd();
  }

  kept(bytes: number): void {
    this.unreadBytes -= bytes;
    if (bytes > 0) this.#link.inputRead();
  }

  understood(_messages: number, bytes: number): void {
    this.heldBytes -= bytes;
  }

  /** Input that no one reads is not wanted either, until it is thrown away with its request. */
  dropped(bytes: number): void {
    this.heldBytes -= bytes;
  }

  broken(): Error | undefined {
    const isOver = this.#broken || this.#answered;
    return isOver && !this.isReceived ? new ConnectionBrokenError() : undefined;
  }

  get #isHeadAlone(): boolean {
    return this.#framing === "none" || this.method === "HEAD";
  }

  /** Says 100 to a client that waits for it, unless its body would be too large. */
  #invite(bytesMax: number): void {
    if (this.#facts.bodyBytes > bytesMax) throw new BodyTooLargeError(bytesMax);
    if (!this.#facts.expectsContinue || this.started || this.#broken) return;
    this.#facts.expectsContinue = false;
    if (!this.isReceived) this.send(continueText);
  }

  /** Composes the head and settles the framing; `bodyBytes` is -1 while no one knows. */
  #headText(status: number, fields: FieldList, bodyBytes: number): string {
    const own = new ResponseFields(fields);
    let text = statusLine(status) + own.text;
    if (this.sharedFields !== undefined) text += sharedLines(this.sharedFields, fields);
    const length = own.contentLength < 0 ? bodyBytes : own.contentLength;
    let framing: Framing = "none";
    if (!isBodiless(status)) {
      if (length >= 0) {
        framing = "sized";
        text += `content-length: ${length}\r\n`;
      } else if (this.method !== "HEAD") {
        framing = this.#head.minor === 0 ? "untilClose" : "chunked";
      }
    }
    this.#framing = framing;
    this.#leftBytes = length;
    this.#closes =
      own.closes ||
      framing === "untilClose" ||
      !this.#facts.persists ||
      !this.isReceived ||
      this.#link.isLast;
    text += this.#link.headEnds.fields(this.#closes, own.isDated);
    text += framing === "chunked" ? "transfer-encoding: chunked\r\n\r\n" : "\r\n";
    return this.#headOctets === 0 ? text : text.slice(this.#headOctets);
  }

  #finish(): void {
    this.#answered = true;
    // No one will get the rest of a body that was answered early.
    if (!this.isReceived) this.#body.break(this);
    this.heldBytes = 0;
    this.#link.answered(this, this.#closes);
  }

  #tellEnd(): void {
    if (this.#endListeners === undefined) return;
    const end = this.#howItEnded();
    for (const listener of this.#endListeners) listener(end);
    this.#endListeners = undefined;
  }

  #howItEnded(): ExchangeEnd {
    return {
      status: this.started ? this.#status : clientGoneStatus,
      bodyBytes: this.#bodyBytes,
      aborted: !this.#sent,
    };
  }
}
