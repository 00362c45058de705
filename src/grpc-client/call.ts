/** A gRPC call as it is asked for: its fields on the wire, its message's frame, its time. */

import { Code } from "@connectrpc/connect";
import { type Clock, systemClock, type TimeLimit, timeLimit } from "#core/clock.ts";
import { packageVersion } from "#core/version.ts";
import type { FieldList } from "#http2/stream.ts";
import { type Coding, codingNames, codingOf } from "#protocol/compression.ts";
import { coded } from "#protocol/envelope.ts";
import { isMetadata } from "#protocol/metadata.ts";
import { timeoutMsMax } from "#protocol/timeout.ts";
import { errorOfAbort, errorOfBreak } from "./break-status.ts";
import { GrpcError } from "./grpc-error.ts";
import { refusedResponse } from "./response-message.ts";

/** What travels with a call besides its messages. */
export interface CallOptions {
  /** One entry per value; values of `-bin` names in base64. Names of gRPC and HTTP are left out. */
  readonly metadata?: Iterable<readonly [name: string, value: string]>;
  /** Ends the call, and notifies the server at once. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the call: the server is notified, and they end it here, too. */
  readonly timeoutMs?: number | undefined;
  /** `signal` aborts by itself when the time is up, so that no second timer is needed. */
  readonly signalKeepsTime?: boolean;
  /** Coding of messages that are worth it; identity when absent. */
  readonly encoding?: "gzip" | "br" | "zstd";
  /** The end of the one message, after its frame, where it need not be copied behind it. Such a message has no coding. */
  readonly messageEnd?: Uint8Array | undefined;
  /** The server is offered no coding for its messages: what it has to say does not shrink. */
  readonly wantsPlain?: boolean;
}

/** Messages below this many bytes are sent as they are. */
const compressBytesMin = 1024;

const timeoutDigitsMax = 99_999_999;
const timeoutUnits = [
  ["m", 1],
  ["S", 1_000],
  ["M", 60_000],
  ["H", 3_600_000],
] as const;

/** Milliseconds above 0 as grpc-timeout writes them, rounded up: at most 8 digits and a unit. */
export function timeoutText(timeoutMs: number): string {
  for (const [unit, unitMs] of timeoutUnits) {
    const count = Math.ceil(timeoutMs / unitMs);
    if (count <= timeoutDigitsMax) return `${count}${unit}`;
  }
  return `${timeoutDigitsMax}H`;
}

const plainFields: FieldList = [
  ["te", "trailers"],
  ["content-type", "application/grpc"],
  ["user-agent", `grpc-node-polygate/${packageVersion}`],
  ["grpc-accept-encoding", codingNames],
];

const fieldsWithoutCodings: FieldList = plainFields.filter(
  ([name]) => name !== "grpc-accept-encoding",
);

/** Metadata without what HTTP and gRPC say themselves. */
function ownFields(metadata: Iterable<readonly [name: string, value: string]>): FieldList {
  const own = Array.isArray(metadata) ? (metadata as FieldList) : [...metadata];
  const isOwn = ([name]: FieldList[number]) =>
    name === name.toLowerCase() && isMetadata(name) && name !== "user-agent";
  // Mostly it is a request's id alone.
  if (own.every(isOwn)) return own;
  return own.map(([name, value]): FieldList[number] => [name.toLowerCase(), value]).filter(isOwn);
}

/** The request's fields: grpc-timeout, if any, before the others. */
export function requestFields(options: CallOptions): FieldList {
  const { metadata, timeoutMs, encoding, wantsPlain } = options;
  const usual = wantsPlain === true ? fieldsWithoutCodings : plainFields;
  if (metadata === undefined && timeoutMs === undefined && encoding === undefined) return usual;
  const own = ownFields(metadata ?? []);
  const after: FieldList = encoding === undefined ? own : [["grpc-encoding", encoding], ...own];
  // Made at once: a list that grows takes many times its room.
  return timeoutMs === undefined
    ? [...usual, ...after]
    : [["grpc-timeout", timeoutText(timeoutMs)], ...usual, ...after];
}

/** A call in progress: what ends it, and what coding it sends. Disposing of it stops its timer. */
export class ActiveCall implements Disposable {
  readonly fields: FieldList;
  readonly messageEnd: Uint8Array | undefined;
  readonly #coding: Coding | undefined;
  /** Aborts by the caller's signal or by the deadline. */
  readonly signal: AbortSignal | undefined;
  readonly #limit: TimeLimit | undefined;
  readonly #deadlineMs: number;
  readonly #clock: Clock;

  /** Throws GrpcError for a call that is over before it begins. */
  constructor(options: CallOptions, clock: Clock = systemClock) {
    const { signal, timeoutMs, signalKeepsTime = false, encoding } = options;
    if (signal?.aborted) throw errorOfAbort(signal.reason);
    if (timeoutMs !== undefined && timeoutMs <= 0) {
      throw new GrpcError(Code.DeadlineExceeded, "the deadline passed before the call");
    }
    this.#clock = clock;
    this.fields = requestFields(options);
    this.messageEnd = options.messageEnd;
    this.#coding = encoding === undefined ? undefined : codingOf(encoding);
    this.#deadlineMs =
      timeoutMs === undefined ? Number.POSITIVE_INFINITY : clock.nowMs() + timeoutMs;
    this.#limit =
      timeoutMs === undefined || signalKeepsTime
        ? undefined
        : timeLimit(
            Math.min(timeoutMs, timeoutMsMax),
            signal ?? new AbortController().signal,
            clock,
          );
    this.signal = this.#limit?.signal ?? signal;
  }

  /** A message's frame in the call's coding, if it is worth that. */
  coded(frame: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.messageEnd === undefined ? coded(frame, this.#coding, compressBytesMin) : frame;
  }

  /** What the call failed with, from whatever was thrown. */
  errorOf(thrown: unknown): GrpcError {
    return errorOfBreak(refusedResponse(thrown), {
      signal: this.signal,
      lateMs: this.#clock.nowMs() - this.#deadlineMs,
    });
  }

  [Symbol.dispose](): void {
    this.#limit?.[Symbol.dispose]();
  }
}
