/** The one interface to an HTTP request and its response, whatever wire and engine carry them. */

import type { BodyProgress, LengthFrom } from "#core/body-progress.ts";
import type { CertificateNames } from "#core/certificate-names.ts";

/** Response fields in the order they are sent; names in lower case, one entry per value. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Who is at the other end of the connection. */
export interface Peer {
  /** Address of the socket's other end; never taken from a header. */
  readonly address: string;
  readonly port: number;
  /** The connection is TLS. */
  readonly encrypted: boolean;
  /** Names in its certificate; absent unless an authority of the listener has signed that. */
  readonly certificate?: CertificateNames;
}

/** How an exchange ended. */
export interface ExchangeEnd {
  /** HTTP status that was sent; 499 when the client left before any was. */
  readonly status: number;
  /** Bytes of the response's body. */
  readonly bodyBytes: number;
  /** The client left before the response was whole. */
  readonly aborted: boolean;
}

/** One request and its response. Exactly one of `respond` or `start` … `end` answers it. */
export interface Exchange {
  readonly httpVersion: "1.1" | "2";
  /** As sent, such as GET. */
  readonly method: string;
  /** Path and query as sent: nothing decoded, nothing normalised. */
  readonly target: string;
  /** Host and port that the client named; empty when it named none. */
  readonly authority: string;
  readonly peer: Peer;
  /**
   * Aborts when the client leaves before the response is whole; never after. An HTTP/1.1 client that
   * only ends its side has not left: it still gets its response, unless writing shows that it has.
   */
  readonly signal: AbortSignal;
  /** What `signal` tells, without making one; at once when the client has left already. */
  onGone(listener: (reason: unknown) => void): void;
  /** Whether `start` or `respond` was called. */
  readonly started: boolean;
  /** Value of a request field by lower-case name; several values joined by ", ". */
  header(name: string): string | undefined;
  /** All request fields, names in lower case. */
  headers(): Iterable<readonly [name: string, value: string]>;
  /** From now on no reader of the body takes more than this, whatever limit it has itself. */
  capBody(bytesMax: number): void;
  /** The whole body when it is here already: the way of small calls. Else undefined; fails as `body`. */
  takeBody(bytesMax: number): Uint8Array | undefined;
  /**
   * The whole body; where its head says no length, its start may: `lengthFrom`, which need not be asked.
   * Fails with BODY_TOO_LARGE past `bytesMax`, BODY_TIMEOUT when it comes too slowly, BUFFERS_FULL when
   * there is no memory for it, CANCELLED when the client leaves.
   */
  body(bytesMax: number, lengthFrom?: LengthFrom): Promise<Uint8Array>;
  /**
   * The body in pieces; reading slowly slows the sender. A reader who keeps pieces until they make a
   * message tells its `progress`: they count as held until then, and the client may rest between
   * messages only. Fails as `body` does.
   */
  chunks(bytesMax: number, progress?: BodyProgress): AsyncIterable<Uint8Array>;
  /** Pooled buffers that it is given to send are given back after that: no one else may read them then. */
  readonly recyclesBuffers: boolean;
  /**
   * Fields that go with whatever response will be given, each unless it has one of that name itself.
   * The list is shared by many exchanges. No effect once started.
   */
  sharedFields: HeaderList | undefined;
  /** Adds a field to whatever response will be given. No effect once started. */
  setHeader(name: string, value: string): void;
  /** The whole response at once, trailers as `end` sends them. A HEAD request gets the head alone. */
  respond(
    status: number,
    headers: HeaderList,
    body?: Uint8Array | string,
    trailers?: HeaderList,
  ): void;
  /** The head of a response whose body follows in pieces. */
  start(status: number, headers: HeaderList): void;
  /**
   * Sends a piece. A promise resolves when the client has taken enough for the next one; undefined
   * when there is room already. Rejects with CANCELLED when the client has left.
   */
  write(chunk: Uint8Array | string): Promise<void> | undefined;
  /** The body is whole. Trailers go out where the wire has them: HTTP/2, and chunked HTTP/1.1. */
  end(trailers?: HeaderList): void;
  /** Breaks a response off so that the client sees it is not whole. */
  reset(): void;
  /** Called once, when the response is whole or the client is gone. */
  onEnd(listener: (end: ExchangeEnd) => void): void;
}

/** The path of a target: everything before the first `?`. */
export function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}
