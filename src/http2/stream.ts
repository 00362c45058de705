/** A stream (RFC 9113 §5.1): its state, its windows and what waits to be sent. */

import type { Pace } from "#core/pace.ts";
import type { ErrorCode } from "./error-code.ts";
import type { Field } from "./field.ts";

/** Fields to send in this order; names in lower case, one entry per value. */
export type FieldList = readonly (readonly [name: string, value: string])[];

/** Who ended a stream before both sides had. */
export type Breaker = "nobody" | "peer" | "us" | "connection";

const noFields: readonly Field[] = [];

/**
 * One object per stream; the server's and the client's classes extend it, so that a call has no second
 * one. A connection writes to it, everybody else reads.
 */
export class Stream {
  readonly id: number;

  /** Head of the peer's message: a request's or, on clients, a response's. */
  method = "";
  scheme = "";
  authority = "";
  path = "";
  protocol = "";
  status = 0;
  /** Regular fields of the head, in order. */
  fields: readonly Field[] = noFields;
  /** Fields after the body; empty until the peer has ended. */
  trailers: readonly Field[] = noFields;

  /** The connection's owner knows it. */
  announced = false;
  /** The peer's head, other than an informational one, has come. */
  headSeen = false;
  /** That head broke a rule: the stream is reset after this side's response. */
  isMalformed = false;
  /** The peer has sent END_STREAM. */
  remoteEnded = false;
  /** Our head, other than an informational one, is written. */
  headSent = false;
  /** END_STREAM is asked for; what is queued may still precede it. */
  endQueued = false;
  /** END_STREAM is written. */
  localEnded = false;
  /** Nothing more will happen. */
  closed = false;
  /** Who broke it off, and why. */
  brokenBy: Breaker = "nobody";
  errorCode: ErrorCode = 0;
  /** The peer says that it has not touched the request: sending it again elsewhere is safe. */
  unprocessed = false;
  /** The response to HEAD has a content-length and no body. */
  bodiless = false;

  /** Bytes that the peer lets us send; negative after it lowered its setting. */
  sendWindow = 0;
  receiveOpen = 0;
  receiveOwed = 0;
  receiveLent = 0;
  /** Bytes of the body in all so far. */
  receivedBytes = 0;
  /** Bytes of the body that came and that no one asked for yet. */
  unreadBytes = 0;
  /** What is held for the peer's message: its head, its body as long as no one else counts it, the stream itself. */
  heldBytes = 0;
  /** What its tiny DATA has cost so far, and was not forgiven. */
  tinySpent = 0;
  /** Bytes of the body that content-length still promises; -1 when it promises nothing. */
  bodyBytesLeft = -1;

  /** Payloads that wait for window or turn; made when first needed. */
  queue: Buffer[] | undefined;
  /** Bytes of the first of them that are already sent. */
  queueAt = 0;
  /** Where small ones are put together; what is filled of it is the last of the queue. */
  queueRoom: Buffer | undefined;
  queuedBytes = 0;
  queuedTrailers: FieldList | undefined;
  /** It stands in the ring of streams that can send. */
  inRing = false;
  /** Its writer was asked to wait. */
  writerWaits = false;
  /** Bytes of DATA sent in all. */
  sentBytes = 0;
  /** How the peer keeps up with reading what waits for it, and with sending what is waited for. */
  readingPace: Pace | undefined;
  sendingPace: Pace | undefined;

  constructor(id: number) {
    this.id = id;
  }

  /** A reader cannot go on until more of the peer's message has come. */
  get awaitsBody(): boolean {
    return false;
  }
}
