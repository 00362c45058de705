/** What an exchange brings to a call beside its message; what is dear is made when somebody asks for it. */

import type { ContextValues } from "@connectrpc/connect";
import { abortable } from "#core/abortable.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { timeLimit } from "#core/clock.ts";
import { HeldBytes } from "#core/held-bytes.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { Metadata } from "#protocol/metadata.ts";
import { type CallInit, deadlinePassed } from "./call-scope.ts";

/** The part of an exchange that a call needs. */
export type CallSource = Pick<
  Exchange,
  "method" | "target" | "authority" | "peer" | "signal" | "onGone" | "header" | "headers"
>;

/** What is smaller takes as much beside its bytes, which nobody counts. */
const heldBytesMin = 4096;

/** A call as it came; its answer's metadata is collected here, and what it holds of its request is counted. */
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
  #held: HeldBytes | undefined;

  /** `protocol` is a word for the surface, such as rest; `buffers` is what all calls hold, if that is counted. */
  constructor(source: CallSource, values: ContextValues, protocol: string, buffers?: ByteBudget) {
    this.header = new Metadata(source);
    this.values = values;
    this.protocol = protocol;
    this.#source = source;
    this.#buffers = buffers;
  }

  /** What the call holds of its request beside the body itself, which whoever carries it counts. */
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

  get httpMethod(): string {
    return this.#source.method;
  }

  get url(): string {
    const { peer, authority, target } = this.#source;
    return `${peer.encrypted ? "https" : "http"}://${authority}${target}`;
  }

  /**
   * What reading the body settles to, or the passed deadline: what it takes is taken off the call's
   * time. The signal of what `read` is given aborts when nobody waits for it any more.
   */
  async reading<T>(read: (source: { readonly signal: AbortSignal }) => Promise<T>): Promise<T> {
    const { timeoutMs } = this;
    if (timeoutMs === undefined) return await read(this);
    using limit = timeLimit(timeoutMs, this.signal);
    const startMs = performance.now();
    const result = await abortable(read(limit), limit.signal);
    this.timeoutMs = timeoutMs - (performance.now() - startMs);
    if (this.timeoutMs <= 0) throw deadlinePassed();
    return result;
  }
}
