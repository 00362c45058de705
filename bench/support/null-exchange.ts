/** An exchange in memory whose request is all there and whose answer goes nowhere. */

import type { Exchange, ExchangeEnd, HeaderList } from "#exchange/exchange.ts";

/** The request of many such exchanges. */
export interface NullRequest {
  readonly target: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const peer = { address: "192.0.2.1", port: 1, encrypted: false };

/** A gRPC call that must succeed: what answers it otherwise throws. */
export class NullExchange implements Exchange {
  readonly recyclesBuffers = false;
  readonly httpVersion = "2";
  readonly method = "POST";
  readonly authority = "bench";
  readonly peer = peer;
  readonly started = false;
  sharedFields: HeaderList | undefined;
  readonly #request: NullRequest;
  readonly #answered: () => void;
  #gone: AbortController | undefined;
  #ended: ((end: ExchangeEnd) => void) | undefined;

  constructor(request: NullRequest, answered: () => void) {
    this.#request = request;
    this.#answered = answered;
  }

  get target(): string {
    return this.#request.target;
  }

  /** One of its own, made when looked at, as the engine's exchanges have it. */
  get signal(): AbortSignal {
    this.#gone ??= new AbortController();
    return this.#gone.signal;
  }

  onGone(): void {}

  header(name: string): string | undefined {
    return this.#request.fields[name];
  }

  headers(): Iterable<readonly [string, string]> {
    return Object.entries(this.#request.fields);
  }

  capBody(): void {}

  takeBody(): Uint8Array {
    return this.#request.body;
  }

  async body(): Promise<Uint8Array> {
    return this.#request.body;
  }

  async *chunks(): AsyncIterable<Uint8Array> {
    yield this.#request.body;
  }

  setHeader(): void {}

  respond(
    status: number,
    _headers: HeaderList,
    body: Uint8Array | string = "",
    trailers: HeaderList = [],
  ): void {
    if (trailers[0]?.[1] !== "0") throw new Error("the call failed");
    this.#ended?.({ status, bodyBytes: body.length, aborted: false });
    this.#answered();
  }

  start(): void {}

  async write(): Promise<void> {}

  end(): void {}

  reset(): void {
    throw new Error("the call was broken off");
  }

  onEnd(listener: (end: ExchangeEnd) => void): void {
    this.#ended = listener;
  }
}
