/** A connection on a server: bytes in, requests and bytes out. No sockets, timers or promises. */

import type { ByteBudget } from "#core/byte-budget.ts";
import { free } from "#core/free.ts";
import { inOwnMemory } from "#core/own-memory.ts";
import { Pace } from "#core/pace.ts";
import { type OutputChunk, part } from "#http/write-chunks.ts";
import { BodyReader } from "./body-reader.ts";
import type { ConnectionHandler } from "./connection-handler.ts";
import { isRefused, needsMore, type Reading } from "./field-section.ts";
import { HalfClose } from "./half-close.ts";
import type { Link } from "./link.ts";
import { octet } from "./octets.ts";
import { bodyLate, buffersFull, headLate, type Refusal, requestCut } from "./refusal.ts";
import { RequestFacts } from "./request-facts.ts";
import { RequestHead } from "./request-head.ts";
import { type HeadEnds, ResponseFields, statusLine } from "./response-head.ts";
import { ServerExchange } from "./server-exchange.ts";

/** What a connection is doing; it goes through them in this order, and from `answer` back to `idle`. */
const phase = {
  /** Nothing has come yet. */
  fresh: 0,
  /** The last request is answered. */
  idle: 1,
  /** Part of a head has come. */
  head: 2,
  /** Part of a body has yet to come. */
  body: 3,
  /** A whole request waits for its response. */
  answer: 4,
  /** The last response is in the output; whatever comes is thrown away. */
  closing: 5,
  /** Another protocol has it. */
  upgraded: 6,
  /** It is broken off; no other phase follows. */
  gone: 7,
} as const;

type Phase = (typeof phase)[keyof typeof phase];

/** What connections of one server share. */
export interface ConnectionShare extends Reading {
  readonly headEnds: HeadEnds;
  /** What the process may hold in memory: past it, input that can wait does. */
  readonly buffers: ByteBudget;
}

const noBytes = Buffer.alloc(0);
/** Heads and bodies of one read that are taken up before other connections have their turn. */
const stepsMax = 128;

/** One connection: a request at a time, and input no faster than it is wanted. */
export class Connection implements Link {
  readonly headEnds: HeadEnds;
  #isDraining = false;
  /** The next response is the last. */
  #isOld = false;
  readonly #share: ConnectionShare;
  readonly #handler: ConnectionHandler;
  #phase: Phase = phase.fresh;
  #nowMs: number;
  #deadlineMs: number;
  #headBeganMs: number;
  /** When the last response was given, or its client could have all of it. */
  #idleSinceMs = 0;
  /** How long the client may be silent after the last response, and when it is to be gone at the latest. */
  #lingerMs: number;
  #lingerEndMs = Number.POSITIVE_INFINITY;
  /** Whatever comes is thrown away, and the response in progress is the last. */
  #isDeaf = false;
  /** The client has ended its side. */
  #halfClose: HalfClose | undefined;
  /** Input that was not read yet, from `#at` on. */
  #input: Buffer = noBytes;
  #at = 0;
  /** Others than this connection have views of it. */
  #isInputUsedOn = false;
  /** The last response's request may be followed by a line end that is none of the next one's. */
  #mayEndLine = false;
  /** What lies in the input means something only with what comes after it. */
  #isStarved = false;
  #isReading = false;
  #head: RequestHead | undefined;
  #body: BodyReader | undefined;
  #bodyPace: Pace | undefined;
  /** The request at the head of the connection, which is not answered yet: the only one that may write. */
  #current: ServerExchange | undefined;
  #output: OutputChunk[] = [];
  #outputBytes = 0;
  /** Those whose response is whole, but not sent yet. */
  readonly #unsent: ServerExchange[] = [];

  constructor(share: ConnectionShare, handler: ConnectionHandler, nowMs: number) {
    this.#share = share;
    this.#handler = handler;
    this.headEnds = share.headEnds;
    this.#nowMs = this.#headBeganMs = nowMs;
    this.#deadlineMs = nowMs + share.limits.headTimeoutMs;
    this.#lingerMs = share.limits.lingerMs;
  }

  /** The exchange that another protocol goes on with. */
  get upgraded(): ServerExchange | undefined {
    return this.#phase === phase.upgraded ? this.#current : undefined;
  }

  /** Since when it has no request; undefined while it has one, or part of one's head. */
  get idleSinceMs(): number | undefined {
    if (this.#phase === phase.fresh) return this.#headBeganMs;
    return this.#phase === phase.idle ? this.#idleSinceMs : undefined;
  }

  /** Nothing will be sent after the output. */
  get isFinished(): boolean {
    return this.#phase === phase.closing;
  }

  /** It is to be broken off. */
  get isBroken(): boolean {
    return this.#phase === phase.gone;
  }

  get hasOutput(): boolean {
    return this.#outputBytes > 0;
  }

  /** Input lies here that `readOn` would take up. */
  get hasInput(): boolean {
    if (this.#isStarved || this.#at === this.#input.length) return false;
    if (this.#phase === phase.answer || this.#phase >= phase.closing) return false;
    return this.#phase > phase.head || this.#outputBytes <= this.#share.limits.unsentBytesMax;
  }

  /** More input may come; false asks to stop the sender. */
  get wantsInput(): boolean {
    const { limits, buffers } = this.#share;
    const restBytes = this.#input.length - this.#at;
    if (restBytes > limits.unreadBytesMax) return false;
    const waitingMax = buffers.isExceeded ? 0 : limits.unreadBytesMax;
    if (this.#phase === phase.answer && restBytes > waitingMax) return false;
    return this.#current === undefined || this.#current.unreadBytes <= waitingMax;
  }

  /** Bytes of input and output in memory here; the socket's own are not among them. */
  get heldBytes(): number {
    const inputBytes = this.#at < this.#input.length ? this.#input.length : 0;
    return inputBytes + this.#outputBytes + (this.#current?.heldBytes ?? 0);
  }

  /** Part of a request's body has yet to come. */
  get isReceiving(): boolean {
    return this.#phase === phase.body;
  }

  get isLast(): boolean {
    if (this.#isDraining || this.#isDeaf || this.#isOld) return true;
    return this.#halfClose !== undefined && this.#at === this.#input.length;
  }

  /** Takes input, which is the connection's from now on: it may be written over, and freed. */
  receive(bytes: Buffer, nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#phase === phase.closing) this.#lingerOn();
    if (this.#phase >= phase.closing || this.#isDeaf) {
      free(bytes);
      return;
    }
    const isRest = this.#at < this.#input.length;
    this.#input = isRest ? inOwnMemory(this.#input.subarray(this.#at), bytes) : bytes;
    this.#at = 0;
    this.#isInputUsedOn = false;
    this.#isStarved = false;
    this.#read();
  }

  /** Goes on with input that had to wait. */
  readOn(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#read();
  }

  /**
   * The client sends no more. It still gets the responses to what it has sent whole, in order; then
   * the connection closes. Whether it has left altogether is found out by writing.
   */
  receiveEnd(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#phase === phase.upgraded) this.#break();
    if (this.#phase >= phase.closing) return;
    this.#halfClose = new HalfClose(nowMs);
    if (this.#phase === phase.answer) this.#awaitResponse();
    this.#read();
    this.probe(nowMs);
  }

  /** The client has ended its side. */
  get isHalfClosed(): boolean {
    return this.#halfClose !== undefined;
  }

  /** Milliseconds until a client that has ended its side is to be probed; undefined when `tick` is often enough. */
  probeInMs(nowMs: number): number | undefined {
    return this.#phase >= phase.closing ? undefined : this.#halfClose?.quickMs(nowMs);
  }

  /** Writes to a client that has ended its side and waits for a response, when that is due. */
  probe(nowMs: number): void {
    if (this.#halfClose?.takeProbe(nowMs) !== true) return;
    if (this.#phase === phase.answer) this.#current?.probe();
  }

  /** Output in order, `bytesMax` of it at most; it is the caller's to send. */
  takeOutput(bytesMax: number): readonly OutputChunk[] {
    const output = this.#output;
    if (this.#outputBytes <= bytesMax) {
      this.#output = [];
      this.#outputBytes = 0;
      return output;
    }
    const taken: OutputChunk[] = [];
    let room = bytesMax;
    for (let chunk = output[0]; chunk !== undefined && room > 0; chunk = output[0]) {
      if (chunk.length <= room) output.shift();
      else output[0] = part(chunk, room);
      taken.push(part(chunk, 0, room));
      room -= Math.min(room, chunk.length);
    }
    this.#outputBytes -= bytesMax;
    return taken;
  }

  /** The socket has room: it has taken all that was output. */
  sent(nowMs: number): void {
    this.#nowMs = nowMs;
    const unsent = this.#unsent;
    // The client has its time from when it can have the response.
    if (unsent.length > 0 && this.#phase === phase.idle) this.#rest();
    for (let index = 0; index < unsent.length; index += 1) unsent[index]?.sent();
    unsent.length = 0;
    this.#current?.writable();
    if (this.#deadlineMs !== Number.POSITIVE_INFINITY) return;
    // Before that the client was busy with the response, and had its time for it.
    if (this.#phase !== phase.closing) return;
    this.#lingerEndMs = nowMs + this.#share.limits.lingerTotalMs;
    this.#lingerOn();
  }

  /** Does what time asks for: call it about once per second. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#phase === phase.body && this.#isBodySlow()) this.#refuse(bodyLate);
    this.probe(nowMs);
    if (nowMs < this.#deadlineMs) return;
    const isSilent = this.#phase === phase.fresh && this.#isDraining;
    if (this.#phase === phase.idle || isSilent) this.#close();
    else if (this.#phase <= phase.head) this.#refuse(headLate);
    else if (this.#phase === phase.body) this.#refuse(bodyLate);
    else this.#break();
  }

  /**
   * Closes after the response in progress. Where the client was notified that the connection is kept, or
   * nothing yet, a request that is on its way is still answered.
   */
  drain(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#isDraining = true;
    if (this.#phase <= phase.head) {
      this.#deadlineMs = Math.min(this.#deadlineMs, this.#headEndMs());
    }
  }

  /** The response to the next request, or to the one in progress, is the last. */
  grewOld(): void {
    this.#isOld = true;
  }

  /**
   * Forgets the requests that wait for the one in progress: others need their memory. What comes after
   * them is not read either, for no one knows where in it a request begins; the connection closes
   * after its response, as a client that sends ahead has to expect (RFC 9112 §9.3.2).
   */
  forgetPipelined(): void {
    if (this.#phase !== phase.answer || this.#at === this.#input.length) return;
    this.#dropInput();
    this.#isDeaf = true;
  }

  /** Refuses the body that is coming: others need its memory. */
  refuseBody(): void {
    if (this.#phase === phase.body) this.#refuse(buffersFull);
  }

  /** Hands over what came after the head of an upgrade. */
  takeInput(): Buffer {
    const rest = this.#input.subarray(this.#at);
    this.#input = noBytes;
    this.#at = 0;
    return rest;
  }

  /** The socket is gone. */
  abort(): void {
    this.#phase = phase.gone;
    this.#dropInput();
    this.#output = [];
    this.#outputBytes = 0;
    for (const exchange of this.#unsent.splice(0)) exchange.broke();
    this.#current?.broke();
    this.#current = undefined;
  }

  send(from: object, chunk: OutputChunk): boolean {
    if (from !== this.#current || this.#phase === phase.gone) return true;
    this.#queue(chunk);
    return this.#outputBytes <= this.#share.limits.unsentBytesMax;
  }

  answered(from: object, closes: boolean): void {
    const exchange = this.#current;
    if (exchange === undefined || from !== exchange || this.#phase === phase.gone) return;
    this.#unsent.push(exchange);
    this.#current = undefined;
    this.#head = undefined;
    const isRest = this.#at < this.#input.length;
    const isOver = this.#isDeaf || (this.#halfClose !== undefined && !isRest);
    if (closes || isOver || this.#phase === phase.body) {
      this.#close();
    } else {
      this.#phase = phase.idle;
      this.#mayEndLine = true;
      this.#rest();
      this.#changed();
    }
  }

  inputRead(): void {
    this.#changed();
  }

  reset(from: object): void {
    if (from === this.#current) this.#break();
  }

  #break(): void {
    this.#phase = phase.gone;
    this.#dropInput();
    this.#changed();
  }

  #queue(chunk: OutputChunk): void {
    this.#output.push(chunk);
    this.#outputBytes += chunk.length;
    this.#changed();
  }

  #dropInput(): void {
    this.#input = noBytes;
    this.#at = 0;
  }

  #changed(): void {
    if (!this.#isReading) this.#handler.onChange();
  }

  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    for (let steps = 0; steps < stepsMax && this.hasInput; steps += 1) {
      if (this.#phase <= phase.head) this.#readHead();
      else if (this.#body !== undefined) this.#readBody(this.#body);
    }
    if (this.#at === this.#input.length) this.#dropInput();
    const current = this.#current;
    if (current !== undefined && this.#phase !== phase.upgraded) {
      if (!current.dispatched) this.#dispatch(current);
      if (this.#current === current) current.settle();
    }
    if (this.#halfClose !== undefined) this.#endInput();
    this.#isReading = false;
  }

  /** Nothing comes after the input that lies here. */
  #endInput(): void {
    const isUsed = this.#isStarved || this.#at === this.#input.length;
    if (!isUsed || this.#phase >= phase.answer) return;
    if (this.#phase <= phase.idle) this.#close();
    else this.#refuse(requestCut);
  }

  #readHead(): void {
    this.#isInputUsedOn = true;
    let head = this.#head;
    if (head === undefined && this.#mayEndLine && this.#input[this.#at] === octet.cr) {
      this.#endLine();
      return;
    }
    if (head === undefined) {
      head = this.#head = new RequestHead(this.#input, this.#at);
      if (this.#phase === phase.idle) {
        this.#headBeganMs = this.#nowMs;
        this.#deadlineMs = this.#headEndMs();
      }
      this.#phase = phase.head;
    } else {
      head.move(this.#input, this.#at);
    }
    const outcome = head.read(this.#share);
    if (outcome === needsMore) this.#isStarved = true;
    else if (outcome === isRefused) this.#refuse(head.refusal);
    else {
      this.#at = outcome;
      this.#begin(head);
    }
  }

  /** Steps over a line end after a body, with which no request begins (RFC 9112 §2.2). */
  #endLine(): void {
    if (this.#at + 1 === this.#input.length) {
      this.#isStarved = true;
      return;
    }
    // What else begins like this is for the head to refuse.
    this.#mayEndLine = false;
    if (this.#input[this.#at + 1] === octet.lf) this.#at += 2;
  }

  #begin(head: RequestHead): void {
    const facts = new RequestFacts();
    const refusal = facts.read(head);
    if (refusal !== undefined) {
      this.#refuse(refusal);
      return;
    }
    const exchange = new ServerExchange(head, facts, this);
    this.#current = exchange;
    if (facts.bodyBytes !== 0) {
      this.#phase = phase.body;
      this.#deadlineMs = this.#headBeganMs + this.#share.limits.requestTimeoutMs;
      this.#body = new BodyReader(facts.bodyBytes, this.#share);
      return;
    }
    exchange.receivedAll();
    if (facts.upgrade !== undefined && this.#handler.takesUpgrade(facts.upgrade)) {
      this.#phase = phase.upgraded;
      return;
    }
    this.#awaitResponse();
    this.#dispatch(exchange);
  }

  #readBody(body: BodyReader): void {
    const start = this.#at;
    const input = this.#input;
    this.#at = body.read(input, start);
    const piece = input.subarray(start, body.dataEnd);
    const isAllRead = this.#at === input.length;
    // Whoever gets the body may free it, so nothing here may look at that memory again.
    if (isAllRead) this.#dropInput();
    if (piece.length > 0 && this.#current?.received(piece) === true) this.#isInputUsedOn = true;
    if (isAllRead && !this.#isInputUsedOn) free(input);
    if (body.refusal !== undefined) {
      this.#refuse(body.refusal);
    } else if (body.isOver) {
      this.#body = undefined;
      this.#bodyPace = undefined;
      this.#endBody();
    } else {
      this.#isStarved = true;
    }
  }

  #endBody(): void {
    const exchange = this.#current;
    this.#awaitResponse();
    exchange?.receivedAll();
    if (exchange?.dispatched === false) this.#dispatch(exchange);
  }

  #dispatch(exchange: ServerExchange): void {
    exchange.dispatched = true;
    this.#handler.onRequest(exchange);
  }

  /** A handler has its own time; only a client that ended its side has less. */
  #awaitResponse(): void {
    this.#phase = phase.answer;
    this.#deadlineMs =
      this.#halfClose === undefined
        ? Number.POSITIVE_INFINITY
        : this.#halfClose.sinceMs + this.#share.limits.halfClosedTimeoutMs;
  }

  /** When a head that begins now is late. */
  #headEndMs(): number {
    const { headTimeoutMs, drainHeadTimeoutMs } = this.#share.limits;
    return this.#nowMs + (this.#isDraining ? drainHeadTimeoutMs : headTimeoutMs);
  }

  /** The next request is waited for from now on. */
  #rest(): void {
    const { keepAliveTimeoutMs, drainHeadTimeoutMs } = this.#share.limits;
    this.#idleSinceMs = this.#nowMs;
    this.#deadlineMs = this.#nowMs + (this.#isDraining ? drainHeadTimeoutMs : keepAliveTimeoutMs);
  }

  /** Only a body that a handler waits for need be quick, and only while it is read. */
  #isBodySlow(): boolean {
    const exchange = this.#current;
    if (exchange === undefined) return false;
    if (!exchange.awaitsBody || !this.wantsInput) {
      this.#bodyPace = undefined;
      return false;
    }
    const { receivedBytes } = exchange;
    const { bodyPace: rule } = this.#share.limits;
    this.#bodyPace ??= new Pace(this.#nowMs, rule.slackMs, receivedBytes);
    return this.#bodyPace.isLate(this.#nowMs, this.#bodyPace.look(receivedBytes), rule);
  }

  /** Answers what cannot be served, unless a response is in progress. */
  #refuse(refusal: Refusal): void {
    const current = this.#current;
    if (current?.started) {
      this.#break();
      return;
    }
    const { fields, body } = this.#handler.onRefusal(refusal);
    const bytes = Buffer.from(body);
    const lines = `${new ResponseFields(fields).text}content-length: ${bytes.length}\r\n`;
    const head = `${statusLine(refusal.status)}${lines}${this.headEnds.fields(true, false)}\r\n`;
    const isHeadAlone = this.#head?.method === "HEAD";
    this.#close();
    this.#current = undefined;
    current?.broke();
    this.#queue(head);
    if (!isHeadAlone) this.#queue(bytes);
  }

  /** Nothing more is read; the connection ends after its output. */
  #close(): void {
    // Who is in the middle of a body goes on with it until it sees the response.
    if (this.#phase === phase.body) this.#lingerMs = this.#share.limits.discardTimeoutMs;
    this.#phase = phase.closing;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#head = undefined;
    this.#body = undefined;
    this.#bodyPace = undefined;
    this.#dropInput();
    this.#changed();
  }

  /** The client has sent something, or can have all of the response since now. */
  #lingerOn(): void {
    if (this.#lingerEndMs === Number.POSITIVE_INFINITY) return;
    this.#deadlineMs = Math.min(this.#nowMs + this.#lingerMs, this.#lingerEndMs);
  }
}
