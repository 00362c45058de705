/** What an exchange brings to a call besides its message; what is expensive is made when it is first asked for. */

import type { ContextValues } from "@connectrpc/connect";
import { abortable } from "#core/abortable.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { type Clock, systemClock, timeLimit } from "#core/clock.ts";
import { HeldBytes } from "#core/held-bytes.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { Metadata } from "#protocol/metadata.ts";
import { type CallInit, deadlinePassed } from "./call-scope.ts";

/** The part of an exchange that a call needs. */
export type CallSource = Pick<
  Exchange,
  "method" | "target" | "authority" | "peer" | "signal" | "onGone" | "header" | "headers"
> &
  Partial<Pick<Exchange, "capBody">>;

/** What all calls share; each may be absent. */
export interface ExchangeCallOptions {
  /** What they hold in memory; absent: it is not counted. */
  readonly buffers?: ByteBudget;
  /** What the time for reading a body is measured by; absent: the system's. */
  readonly clock?: Clock;
}

/** What is smaller takes as much besides its bytes, which no one counts. */
const heldBytesMin = 4096;

/** A call as it came; its response's metadata is collected here, and what it holds of its request is counted. */
export class ExchangeCall implements CallInit {
  readonly header: Metadata;
  readonly values: ContextValues;
  readonly protocol: string;
  readonly responseHeader = new Metadata();
  readonly responseTrailer = new Metadata();
  /** Set once it was read, and again when the body took some of it. */
  timeoutMs: number | undefined;
  readonly #source: CallSource;
  readonly #buffers: ByteBudget | undefined;
  readonly #clock: Clock;
  #held: HeldBytes | undefined;

  /** `protocol` is a word for the surface, such as rest. */
  constructor(
    source: CallSource,
    values: ContextValues,
    protocol: string,
    { buffers, clock = systemClock }: ExchangeCallOptions = {},
  ) {
    this.header = new Metadata(source);
    this.values = values;
    this.protocol = protocol;
    this.#source = source;
    this.#buffers = buffers;
    this.#clock = clock;
  }

  /** What the call holds of its request besides the body itself, which whoever carries it counts. */
  get held(): HeldBytes {
    this.#held ??= new HeldBytes(this.#buffers ?? new ByteBudget(Number.POSITIVE_INFINITY));
    return this.#held;
  }

  /** Counts what was made of the body as held until the call's end. */
  hold(bytes: number): void {
    if (bytes >= heldBytesMin) this.held.add(bytes);
  }

  /** The call has ended: it holds nothing any more. */
  release(): void {
    this.#held?.[Symbol.dispose]();
  }

  get signal(): AbortSignal {
    return this.#source.signal;
  }

  onGone(listener: (reason: unknown) => void): void {
    this.#source.onGone(listener);
  }

  capBody(bytesMax: number): void {
    this.#source.capBody?.(bytesMax);
  }

  get httpMethod(): string {
    return this.#source.method;
  }

  get url(): string {
    const { peer, authority, target } = this.#source;
    return `${peer.encrypted ? "https" : "http"}://${authority}${target}`;
  }

  /**
   * What reading the body settles to, or the passed deadline: what it takes is taken off the call's
   * time. The signal of what `read` is given aborts when no one waits for it any more.
   */
  async reading<T>(read: (source: { readonly signal: AbortSignal }) => Promise<T>): Promise<T> {
    const { timeoutMs } = this;
    if (timeoutMs === undefined) return await read(this);
    using limit = timeLimit(timeoutMs, this.signal, this.#clock);
    const startMs = this.#clock.nowMs();
    const result = await abortable(read(limit), limit.signal);
    this.timeoutMs = timeoutMs - (this.#clock.nowMs() - startMs);
    if (this.timeoutMs <= 0) throw deadlinePassed();
    return result;
  }
}
