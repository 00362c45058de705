/** What a client may ask of a connection: sizes and times. */

import { type PaceRule, slowestPace } from "#core/pace.ts";

/** Limits of a connection. */
export interface ConnectionLimits {
  /** Longest request head, and longest trailers, with their line ends. */
  readonly headBytesMax: number;
  /** Most fields of a head, and of trailers. */
  readonly headFieldsMax: number;
  /** Chunk extensions of one body. */
  readonly chunkExtensionBytesMax: number;
  /** Input that came and is not wanted yet; past it the connection is not read. */
  readonly unreadBytesMax: number;
  /** Output that waits for the socket; past it a writer is asked to wait. */
  readonly unsentBytesMax: number;
  /** Time for a head, from its first byte; the first request's begins with the connection. */
  readonly headTimeoutMs: number;
  /** Time for a whole request, body included, from the first byte of its head. */
  readonly requestTimeoutMs: number;
  /** Time that a connection is kept without a request. */
  readonly keepAliveTimeoutMs: number;
  /** Time for a head, begun or not, once a drain has begun: who was given nothing may still send one. */
  readonly drainHeadTimeoutMs: number;
  /** How fast a request's body has to come while all of it is waited for. */
  readonly bodyPace: PaceRule;
  /** Time that a client which ended its side may wait for the rest of its responses. */
  readonly halfClosedTimeoutMs: number;
  /** Time between two reads of a body that was answered before its end; its client stops sending. */
  readonly discardTimeoutMs: number;
  /** Time for a client to close its side after the last response, so that it gets the whole of it. */
  readonly lingerMs: number;
  /** Both together, however often something still comes (RFC 9112 §9.6). */
  readonly lingerTotalMs: number;
  /** Time in which a client has to take something of what waits for it. */
  readonly stallTimeoutMs: number;
}

/** Limits where no others are given. */
export const defaultLimits: ConnectionLimits = {
  headBytesMax: 16 * 1024,
  headFieldsMax: 128,
  chunkExtensionBytesMax: 16 * 1024,
  unreadBytesMax: 64 * 1024,
  unsentBytesMax: 64 * 1024,
  headTimeoutMs: 10_000,
  requestTimeoutMs: 300_000,
  keepAliveTimeoutMs: 75_000,
  drainHeadTimeoutMs: 1_000,
  bodyPace: slowestPace,
  halfClosedTimeoutMs: 300_000,
  discardTimeoutMs: 5_000,
  lingerMs: 1_000,
  lingerTotalMs: 30_000,
  stallTimeoutMs: 60_000,
};
