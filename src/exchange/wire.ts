/** What a listener needs of the engine of one HTTP version: it never listens itself. */

import type { Socket } from "node:net";
import type { ByteBudget } from "#core/byte-budget.ts";
import type { ConnectionAges } from "./connection-ages.ts";
import type { PlacedConnection } from "./connection-places.ts";
import type { Exchange, HeaderList } from "./exchange.ts";
import type { Upgrade } from "./upgrade.ts";

/** A server of HTTP/1.1 or HTTP/2 on sockets that a listener accepted. */
export interface Wire {
  /** Serves a connection whose first bytes are still to be read; undefined when nothing is notified of it. */
  take(socket: Socket): PlacedConnection | undefined;
  /** Closes idle connections now and the others after their last response. */
  drain(): void;
  /** Lets go of timers; connections are the listener's to destroy. */
  close(): Promise<void>;
}

/** The JSON body of a response that no exchange gives, the identifier in it, and the headers for browsers. */
export interface MalformedResponse {
  readonly requestId: string;
  readonly body: string;
  readonly sharedFields?: HeaderList;
}

/** What is known of a connection that failed. */
export interface FailureFacts {
  /** Identifier in the response that its client got. */
  readonly requestId?: string;
  /** Code of the error that ended it. */
  readonly code?: string;
}

/** What a wire hands over, and what a listener asks for in its end. */
export interface WireHandlers {
  /**
   * Ends the calls that outlast the grace of a drain: each tells its client why, as its protocol
   * does. Absent: their connections are cut off without a word.
   */
  readonly cutOff?: () => void;
  /** Responds to an exchange; a promise counts as work in progress until it settles. */
  readonly exchange: (exchange: Exchange) => void | Promise<void>;
  /** Takes a WebSocket; absent: such a request gets a response like any other. */
  readonly upgrade?: (upgrade: Upgrade) => void;
  /** The response to what is no request that can be served. */
  readonly malformed: (message: string, status: number) => MalformedResponse;
  /** A client broke a rule or a limit and lost its connection, or on HTTP/2 its request; `reason` is from a bounded set. */
  readonly connectionFailed: (reason: string, facts?: FailureFacts) => void;
}

/** What holds for all connections of a wire. */
export interface WireLimits {
  /** Time for a request head to arrive. */
  readonly handshakeTimeoutMs: number;
  /** What requests and responses hold in memory. */
  readonly buffers: ByteBudget;
  /** Absent: connections may be as old as they are used. */
  readonly ages?: ConnectionAges;
}

/** Time for a client to say what it speaks and to finish its request head, unless set otherwise. */
export const defaultHandshakeTimeoutMs = 10_000;
/** Greatest request head. */
export const headerBytesMax = 16 * 1024;

/** The fields of a response that no exchange gives, but for those of its connection. */
export function malformedFields({ requestId, sharedFields = [] }: MalformedResponse): HeaderList {
  return [["content-type", "application/json"], ["x-request-id", requestId], ...sharedFields];
}
