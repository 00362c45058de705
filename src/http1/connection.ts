/** A connection on a server: bytes in, requests and bytes out. No sockets, timers or promises. */

import { type OutputChunk, part } from "#http/write-chunks.ts";
import { sendAround } from "./answer-body.ts";
import { BodyReader } from "./body-reader.ts";
import type { ConnectionHandler } from "./connection-handler.ts";
import { isRefused, needsMore, type Reading } from "./field-section.ts";
import type { Link } from "./link.ts";
import { octet } from "./octets.ts";
import { bodyLate, headLate, type Refusal } from "./refusal.ts";
import { RequestFacts } from "./request-facts.ts";
import { RequestHead } from "./request-head.ts";
import { AnswerFields, type HeadEnds, statusLine } from "./response-head.ts";
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
  /** A whole request waits for its answer. */
  answer: 4,
  /** The last answer is in the output; whatever comes is thrown away. */
  closing: 5,
  /** Another protocol has it. */
  upgraded: 6,
  /** It is broken off. */
  gone: 7,
} as const;

type Phase = (typeof phase)[keyof typeof phase];

/** What connections of one server share. */
export interface ConnectionShare extends Reading {
  readonly headEnds: HeadEnds;
}

const noBytes = Buffer.alloc(0);
/** Heads and bodies of one read that are taken up before other connections have their turn. */
const stepsMax = 128;

/** One connection: a request at a time, and input no faster than it is wanted. */
export class Connection implements Link {
  readonly headEnds: HeadEnds;
  isDraining = false;
  readonly #share: ConnectionShare;
  readonly #handler: ConnectionHandler;
  #phase: Phase = phase.fresh;
  #nowMs: number;
  #deadlineMs: number;
  #headBeganMs: number;
  /** How long the client may go on sending behind the last answer. */
  #lingerMs: number;
  /** Input that was not read yet, from `#at` on. */
  #input: Buffer = noBytes;
  #at = 0;
  /** The last answer's request may be followed by a line end that is none of the next one's. */
  #mayEndLine = false;
  /** What lies in the input means something only with what comes behind it. */
  #isStarved = false;
  #isReading = false;
  #head: RequestHead | undefined;
  #body: BodyReader | undefined;
  /** The request that is not answered yet. */
  #current: ServerExchange | undefined;
  #output: OutputChunk[] = [];
  #outputBytes = 0;
  /** Those whose answer is whole, but not sent yet. */
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
    if (this.#phase !== phase.idle) return undefined;
    return this.#deadlineMs - this.#share.limits.keepAliveTimeoutMs;
  }

  /** Nothing will be sent behind the output. */
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
    const { unreadBytesMax } = this.#share.limits;
    if (this.#input.length - this.#at > unreadBytesMax) return false;
    return this.#current === undefined || this.#current.unreadBytes <= unreadBytesMax;
  }

  /** Takes input, which is the connection's from now on: it may be written over. */
  receive(bytes: Buffer, nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#phase >= phase.closing) return;
    const isRest = this.#at < this.#input.length;
    this.#input = isRest ? Buffer.concat([this.#input.subarray(this.#at), bytes]) : bytes;
    this.#at = 0;
    this.#isStarved = false;
    this.#read();
  }

  /** Goes on with input that had to wait. */
  readOn(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#read();
  }

  /** The client sends no more. One that waits for an answer counts as gone. */
  receiveEnd(): void {
    if (this.#phase === phase.body || this.#phase === phase.answer) this.reset();
    else if (this.#phase < phase.closing) this.#close();
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
    // The client has its time from when it can have the answer.
    if (unsent.length > 0 && this.#phase === phase.idle) {
      this.#deadlineMs = nowMs + this.#share.limits.keepAliveTimeoutMs;
    }
    for (let index = 0; index < unsent.length; index += 1) unsent[index]?.sent();
    unsent.length = 0;
    this.#current?.writable();
    if (this.#deadlineMs !== Number.POSITIVE_INFINITY) return;
    // Before that the client was busy with the answer, and had its time for it.
    if (this.#phase === phase.closing) this.#deadlineMs = nowMs + this.#lingerMs;
  }

  /** Does what time asks for: call it about once a second. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    if (nowMs < this.#deadlineMs) return;
    if (this.#phase === phase.idle) this.#close();
    else if (this.#phase <= phase.head) this.#refuse(headLate);
    else if (this.#phase === phase.body) this.#refuse(bodyLate);
    else this.reset();
  }

  /** Closes behind the answer under way; at once when there is none. */
  drain(nowMs: number): void {
    this.isDraining = true;
    if (this.#phase <= phase.idle) this.#close();
    if (this.#phase !== phase.head) return;
    const latestMs = nowMs + this.#share.limits.drainHeadTimeoutMs;
    this.#deadlineMs = Math.min(this.#deadlineMs, latestMs);
  }

  /** Hands over what came behind the head of an upgrade. */
  takeInput(): Buffer {
    const rest = this.#input.subarray(this.#at);
    this.#input = noBytes;
    this.#at = 0;
    return rest;
  }

  /** The socket is gone. */
  abort(): void {
    this.#phase = phase.gone;
    this.#input = noBytes;
    this.#at = 0;
    this.#output = [];
    this.#outputBytes = 0;
    for (const exchange of this.#unsent.splice(0)) exchange.broke();
    this.#current?.broke();
    this.#current = undefined;
  }

  send(chunk: OutputChunk): boolean {
    if (this.#phase === phase.gone) return true;
    this.#output.push(chunk);
    this.#outputBytes += chunk.length;
    this.#changed();
    return this.#outputBytes <= this.#share.limits.unsentBytesMax;
  }

  answered(closes: boolean): void {
    const exchange = this.#current;
    if (exchange === undefined) return;
    this.#unsent.push(exchange);
    this.#current = undefined;
    this.#head = undefined;
    if (this.#phase === phase.body) {
      this.#lingerMs = this.#share.limits.discardTimeoutMs;
      this.#close();
    } else if (closes || this.isDraining) {
      this.#close();
    } else {
      this.#phase = phase.idle;
      this.#mayEndLine = true;
      this.#deadlineMs = this.#nowMs + this.#share.limits.keepAliveTimeoutMs;
      this.#changed();
    }
  }

  inputRead(): void {
    this.#changed();
  }

  reset(): void {
    this.#phase = phase.gone;
    this.#changed();
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
    if (this.#at === this.#input.length) {
      this.#input = noBytes;
      this.#at = 0;
    }
    const current = this.#current;
    if (current !== undefined && this.#phase !== phase.upgraded) {
      if (!current.dispatched) this.#dispatch(current);
      if (this.#current === current) current.settle();
    }
    this.#isReading = false;
  }

  #readHead(): void {
    let head = this.#head;
    if (head === undefined && this.#mayEndLine && this.#input[this.#at] === octet.cr) {
      this.#endLine();
      return;
    }
    if (head === undefined) {
      head = this.#head = new RequestHead(this.#input, this.#at);
      if (this.#phase === phase.idle) {
        this.#headBeganMs = this.#nowMs;
        this.#deadlineMs = this.#nowMs + this.#share.limits.headTimeoutMs;
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

  /** Steps over a line end behind a body, with which no request begins (RFC 9112 §2.2). */
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
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    exchange.receivedAll();
    if (facts.upgrade !== undefined && this.#handler.takesUpgrade(facts.upgrade)) {
      this.#phase = phase.upgraded;
      return;
    }
    this.#phase = phase.answer;
    this.#dispatch(exchange);
  }

  #readBody(body: BodyReader): void {
    const start = this.#at;
    this.#at = body.read(this.#input, start);
    if (body.dataEnd > start) this.#current?.received(this.#input.subarray(start, body.dataEnd));
    if (body.refusal !== undefined) {
      this.#refuse(body.refusal);
    } else if (body.isOver) {
      this.#body = undefined;
      this.#endBody();
    } else {
      this.#isStarved = true;
    }
  }

  #endBody(): void {
    const exchange = this.#current;
    this.#phase = phase.answer;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    exchange?.receivedAll();
    if (exchange?.dispatched === false) this.#dispatch(exchange);
  }

  #dispatch(exchange: ServerExchange): void {
    exchange.dispatched = true;
    this.#handler.onRequest(exchange);
  }

  /** Answers what cannot be served, unless an answer is under way. */
  #refuse(refusal: Refusal): void {
    const current = this.#current;
    if (current?.started) {
      this.reset();
      return;
    }
    const { fields, body } = this.#handler.onRefusal(refusal);
    const bytes = Buffer.from(body);
    const lines = `${new AnswerFields(fields).text}content-length: ${bytes.length}\r\n`;
    const head = `${statusLine(refusal.status)}${lines}${this.headEnds.fields(true, false)}\r\n`;
    const isHeadAlone = this.#head?.method === "HEAD";
    this.#close();
    this.#current = undefined;
    current?.broke();
    sendAround(this, head, isHeadAlone ? noBytes : bytes, "");
  }

  /** Nothing more is read; the connection ends behind its output. */
  #close(): void {
    this.#phase = phase.closing;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#head = undefined;
    this.#body = undefined;
    this.#input = noBytes;
    this.#at = 0;
    this.#changed();
  }
}
