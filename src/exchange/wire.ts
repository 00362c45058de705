/** What a listener needs of the server behind one wire: it never listens itself. */

import type { Socket } from "node:net";
import type { Exchange } from "./exchange.ts";
import type { Upgrade } from "./upgrade.ts";

/** A server of HTTP/1.1 or HTTP/2 on sockets that a listener accepted. */
export interface Wire {
  /** Serves a connection whose first bytes are still to be read. */
  take(socket: Socket): void;
  /** Closes idle connections now and the others behind their last answer. */
  drain(): void;
  /** Lets go of timers; connections are the listener's to destroy. */
  close(): Promise<void>;
}

/** What a wire hands over. */
export interface WireHandlers {
  /** Answers an exchange; a promise counts as work under way until it settles. */
  readonly exchange: (exchange: Exchange) => void | Promise<void>;
  /** Takes a WebSocket; absent: such a request is answered like any other. */
  readonly upgrade?: (upgrade: Upgrade) => void;
  /** The JSON body for bytes that are no request; `status` is 400, 408, 413 or 431. */
  readonly malformed: (status: number) => string;
  /** A client broke a rule or a limit and lost its connection; `reason` is from a bounded set. */
  readonly connectionFailed: (reason: string) => void;
}

/** Time for a client to say what it speaks and to finish its request head, unless told otherwise. */
export const defaultHandshakeTimeoutMs = 10_000;
/** Greatest request head. */
export const headerBytesMax = 16 * 1024;
