/** A request and its answer without a socket, for tests that make a great many of them. */

import { onAbort } from "#core/on-abort.ts";
import { fault } from "#errors/fault.ts";
import type { Exchange, ExchangeEnd, HeaderList } from "#exchange/exchange.ts";

/** What is asked. */
export interface MemoryRequest {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 1.1. */
  readonly httpVersion?: "1.1" | "2";
  /** The body as it arrives. */
  readonly chunks?: readonly Uint8Array[];
  /** The client leaves once the chunks have been read. */
  readonly leaves?: boolean;
  /** Nothing comes behind the chunks, no end either. */
  readonly stalls?: boolean;
}

/** An exchange whose answer can be looked at. */
export class MemoryExchange implements Exchange {
  readonly recyclesBuffers = false;
  readonly httpVersion: "1.1" | "2";
  readonly method: string;
  readonly target: string;
  readonly authority = "test";
  readonly peer = { address: "192.0.2.1", port: 1, encrypted: false };
  /** Status of the answer; 0 until there is one. */
  status = 0;
  answerHeaders: HeaderList = [];
  answerTrailers: HeaderList = [];
  readonly pieces: (Uint8Array | string)[] = [];
  ended = false;
  broken = false;
  #bytesMax = Number.POSITIVE_INFINITY;
  readonly #request: MemoryRequest;
  readonly #gone = new AbortController();
  readonly #overListeners: (() => void)[] = [];
  readonly #listeners: ((end: ExchangeEnd) => void)[] = [];
  sharedFields: HeaderList | undefined;

  constructor(request: MemoryRequest) {
    this.#request = request;
    this.httpVersion = request.httpVersion ?? "1.1";
    this.method = request.method;
    this.target = request.target;
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  get started(): boolean {
    return this.status !== 0;
  }

  /** The answer's body as text. */
  get text(): string {
    return this.bytes.toString();
  }

  /** The answer's body. */
  get bytes(): Buffer {
    return Buffer.concat(this.pieces.map((piece) => Buffer.from(piece)));
  }

  onGone(listener: (reason: unknown) => void): void {
    onAbort(this.signal, listener);
  }

  header(name: string): string | undefined {
    return this.#request.headers?.[name];
  }

  headers(): Iterable<readonly [string, string]> {
    return Object.entries(this.#request.headers ?? {});
  }

  capBody(bytesMax: number): void {
    this.#bytesMax = Math.min(this.#bytesMax, bytesMax);
  }

  takeBody(): undefined {
    return undefined;
  }

  async body(bytesMax: number): Promise<Uint8Array> {
    const all: Uint8Array[] = [];
    for await (const chunk of this.chunks(bytesMax)) all.push(chunk);
    return Buffer.concat(all);
  }

  async *chunks(wantedMax: number): AsyncIterable<Uint8Array> {
    const bytesMax = Math.min(wantedMax, this.#bytesMax);
    let seen = 0;
    for (const chunk of this.#request.chunks ?? []) {
      seen += chunk.length;
      if (seen > bytesMax) throw fault("BODY_TOO_LARGE", `over ${bytesMax} bytes`);
      yield chunk;
    }
    if (this.#request.stalls) await new Promise(() => {});
    if (this.#request.leaves) {
      this.#gone.abort(fault("CANCELLED", "the client left"));
      throw this.#gone.signal.reason;
    }
  }

  setHeader(_name: string, _value: string): void {}

  respond(
    status: number,
    headers: HeaderList,
    body: Uint8Array | string = "",
    trailers?: HeaderList,
  ): void {
    this.start(status, headers);
    this.pieces.push(body);
    this.end(trailers);
  }

  start(status: number, headers: HeaderList): void {
    if (this.started) throw new Error("answered twice");
    this.status = status;
    this.answerHeaders = headers;
  }

  async write(chunk: Uint8Array | string): Promise<void> {
    if (!this.started || this.ended) throw new Error("written outside of an answer");
    this.pieces.push(chunk);
  }

  end(trailers: HeaderList = []): void {
    if (this.ended) throw new Error("ended twice");
    this.ended = true;
    this.answerTrailers = trailers;
    for (const listener of this.#overListeners) listener();
    for (const listener of this.#listeners)
      listener({ status: this.status, bodyBytes: 0, aborted: false });
  }

  reset(): void {
    this.broken = true;
    for (const listener of this.#overListeners) listener();
  }

  /** Called when the answer is whole or broken off. */
  onOver(listener: () => void): void {
    this.#overListeners.push(listener);
  }

  onEnd(listener: (end: ExchangeEnd) => void): void {
    this.#listeners.push(listener);
  }
}
