/** A request to go on with another protocol on an HTTP/1.1 connection, and the answer to it. */

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { ExchangeEnd, HeaderList, Peer } from "./exchange.ts";
import { STATUS_CODES } from "./node-http.ts";
import { requestTargetOf } from "./request-target.ts";

/** Says who asks for what as an Exchange does. Either `accept` or `respond` answers it. */
export class Upgrade {
  readonly httpVersion = "1.1";
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly peer: Peer;
  /** The connection; the caller's once `accept` was called. */
  readonly socket: Duplex;
  /** What came behind the request's head already. */
  readonly head: Buffer;
  readonly #request: IncomingMessage;
  readonly #fields: [name: string, value: string][] = [];
  #status: number | undefined;
  #bodyBytes = 0;

  /** Takes what node:http hands to listeners of `upgrade`. */
  constructor(request: IncomingMessage, socket: Duplex, head: Buffer) {
    this.#request = request;
    this.method = request.method ?? "GET";
    const { target, authority } = requestTargetOf(request.url ?? "/");
    this.target = target;
    this.authority = authority ?? request.headers.host ?? "";
    this.socket = socket;
    this.head = head;
    const { remoteAddress = "", remotePort = 0 } = request.socket;
    const encrypted = "encrypted" in request.socket && request.socket.encrypted === true;
    this.peer = { address: remoteAddress, port: remotePort, encrypted };
    // node:http has let go of the connection: nobody else listens. `close` tells the same.
    socket.on("error", () => {});
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  *headers(): Iterable<readonly [string, string]> {
    const { rawHeaders } = this.#request;
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      yield [(rawHeaders[index] ?? "").toLowerCase(), rawHeaders[index + 1] ?? ""];
    }
  }

  /** Adds a field to whatever answer will be given. */
  setHeader(name: string, value: string): void {
    this.#fields.push([name, value]);
  }

  /** Answers 101: from here on the connection speaks the other protocol. */
  accept(headers: HeaderList): void {
    this.#writeHead(101, [["connection", "Upgrade"], ...headers]);
  }

  /** Answers without upgrading, and closes the connection. */
  respond(status: number, headers: HeaderList, body = ""): void {
    this.#bodyBytes = Buffer.byteLength(body);
    const length = ["content-length", String(this.#bodyBytes)] as const;
    this.#writeHead(status, [...headers, length, ["connection", "close"]]);
    // What still comes is of no use, but left unread it would break the answer off.
    this.socket.resume();
    this.socket.end(body, () => this.socket.destroy());
  }

  /** Called once, when the connection is closed: with 499 when that came before an answer. */
  onEnd(listener: (end: ExchangeEnd) => void): void {
    this.socket.once("close", () => {
      const aborted = this.#status === undefined;
      listener({ status: this.#status ?? 499, bodyBytes: this.#bodyBytes, aborted });
    });
  }

  #writeHead(status: number, headers: HeaderList): void {
    this.#status = status;
    const lines = [...this.#fields, ...headers].map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n`);
  }
}
