/** A request to go on with another protocol on an HTTP/1.1 connection, and the response to it. */

import type { Duplex } from "node:stream";
import { reasonPhrase } from "#http1/reason-phrase.ts";
import { fieldLine } from "#http1/response-head.ts";
import type { Exchange, ExchangeEnd, HeaderList, Peer } from "./exchange.ts";
import { withPendingFields } from "./pending-headers.ts";

/** Time for a client that was refused to take the response and to end its side. */
const lingerMs = 5000;

/** Who asks for what. */
export type UpgradeRequest = Pick<
  Exchange,
  "method" | "target" | "authority" | "peer" | "header" | "headers"
>;

/** Says who asks for what as an Exchange does. Either `accept` or `respond` answers it. */
export class Upgrade implements UpgradeRequest {
  readonly httpVersion = "1.1";
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly peer: Peer;
  /** The connection; the caller's once `accept` was called. */
  readonly socket: Duplex;
  /** What came after the request's head already. */
  readonly head: Buffer;
  readonly #request: UpgradeRequest;
  readonly #fields: [name: string, value: string][] = [];
  /** Fields of a refusal, each unless it has one of that name itself. */
  sharedFields: HeaderList | undefined;
  #status: number | undefined;
  #bodyBytes = 0;

  /** Takes a connection that no one reads any more. */
  constructor(request: UpgradeRequest, socket: Duplex, head: Buffer) {
    this.#request = request;
    this.method = request.method;
    this.target = request.target;
    this.authority = request.authority;
    this.peer = request.peer;
    this.socket = socket;
    this.head = head;
    // The server has let go of the connection: no one else listens. `close` tells the same.
    socket.on("error", () => {});
  }

  header(name: string): string | undefined {
    return this.#request.header(name);
  }

  headers(): Iterable<readonly [string, string]> {
    return this.#request.headers();
  }

  /** Adds a field to whatever response will be given. */
  setHeader(name: string, value: string): void {
    this.#fields.push([name, value]);
  }

  /** Answers 101: from here on the connection speaks the other protocol. */
  accept(headers: HeaderList): void {
    this.#writeHead(101, [...this.#fields, ["connection", "Upgrade"], ...headers]);
  }

  /** Answers without upgrading, and closes the connection once its client has ended it, or in a moment. */
  respond(status: number, headers: HeaderList, body = ""): void {
    this.#bodyBytes = Buffer.byteLength(body);
    const length = ["content-length", String(this.#bodyBytes)] as const;
    const own: HeaderList = [...headers, length, ["connection", "close"]];
    this.#writeHead(status, withPendingFields(this.#fields, own, this.sharedFields));
    // What still comes is of no use, but left unread it would break the response off.
    this.socket.resume();
    this.socket.end(body);
    const timer = setTimeout(() => this.socket.destroy(), lingerMs);
    this.socket.once("close", () => clearTimeout(timer));
  }

  /** Called once, when the connection is closed: with 499 when that came before a response. */
  onEnd(listener: (end: ExchangeEnd) => void): void {
    this.socket.once("close", () => {
      const aborted = this.#status === undefined;
      listener({ status: this.#status ?? 499, bodyBytes: this.#bodyBytes, aborted });
    });
  }

  #writeHead(status: number, headers: HeaderList): void {
    const lines = headers.map(([name, value]) => fieldLine(name, value));
    this.#status = status;
    this.socket.write(
      `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${lines.join("")}\r\n`,
      "latin1",
    );
  }
}
