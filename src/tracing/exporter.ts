/** Sends what waits in the queue: after a moment, or as soon as it is much; again where the collector is busy. */

import { type Clock, type Timer, timeLimit } from "#core/clock.ts";
import { doubledPauseMs } from "#core/doubled-pause.ts";
import type { Rng } from "#core/rng.ts";
import { settleWithin } from "#core/settle-within.ts";
import type { OtlpSender, SendEnd } from "./otlp-sender.ts";
import { type SpanBatch, SpanQueue } from "./span-queue.ts";

/** The outcome of spans. */
export type SpanEnd = "exported" | "dropped" | "failed" | "rejected";

/** What an exporter is made from. */
export interface ExporterOptions {
  readonly queue: { readonly spansMax: number; readonly bytesMax: number };
  /** Time of one request. */
  readonly timeoutMs: number;
}

/** What it needs. */
export interface ExporterDeps {
  readonly sender: OtlpSender;
  readonly clock: Clock;
  readonly rng: Rng;
  /** Counts spans; those that are dropped found no room. */
  onEnd(end: SpanEnd, spans: number): void;
  /** The collector does not take spans, or does again. */
  onState(state: "working" | "failing", words: string): void;
}

/** How long spans wait for others, and bytes that are enough to send at once: a request has no more but for one page. */
const waitMs = 1_000;
const batchBytes = 512 * 1024;
/** Tries of one request, pauses between them, and the longest pause that a collector may ask for. */
const triesMax = 5;
const pauses = { firstMs: 1_000, mostMs: 30_000 };
/** Time for all that is left when the gateway stops. */
const flushMsMax = 5_000;

/** The exporter. Disposing of it sends what is left, once. */
export class Exporter implements AsyncDisposable {
  readonly #options: ExporterOptions;
  readonly #deps: ExporterDeps;
  readonly #queue: SpanQueue;
  /** No more spans come. */
  readonly #stop = new AbortController();
  /** Nothing is sent any more. */
  readonly #gone = new AbortController();
  #timer: Timer | undefined;
  /** Sending, while it goes on. */
  #sending: Promise<void> | undefined;
  #isFailing = false;

  constructor(options: ExporterOptions, deps: ExporterDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#queue = new SpanQueue(options.queue);
  }

  /** Takes encoded spans, or drops them where there is no room. */
  add(encoded: Uint8Array, spans: number): void {
    if (this.#stop.signal.aborted || !this.#queue.add(encoded, spans)) {
      this.#deps.onEnd("dropped", spans);
      return;
    }
    if (this.#sending !== undefined) return;
    if (this.#queue.bytes >= batchBytes) this.#begin();
    else this.#timer ??= this.#schedule();
  }

  #schedule(): Timer {
    const timer = this.#deps.clock.timer(waitMs, () => this.#begin(), undefined);
    timer.unref();
    return timer;
  }

  #begin(): void {
    if (this.#timer !== undefined) this.#deps.clock.stop(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
      // What came while the last batch was on its way.
      if (this.#queue.spans > 0 && !this.#stop.signal.aborted) this.#timer ??= this.#schedule();
    });
  }

  async #sendAll(): Promise<void> {
    do {
      const batch = this.#queue.take(batchBytes);
      if (batch !== undefined) await this.#send(batch);
      // Less than that waits for others again.
    } while (this.#queue.bytes >= batchBytes && !this.#stop.signal.aborted);
  }

  /** Sends a batch, again and again while the collector is busy. Never rejects. */
  async #send(batch: SpanBatch): Promise<void> {
    const { clock, rng } = this.#deps;
    const { signal } = this.#stop;
    for (let tries = 1; ; tries += 1) {
      const end = await this.#once(batch, this.#options.timeoutMs);
      if (end.kind !== "busy" || tries === triesMax) return this.#settle(batch, end);
      this.#fails(end.words);
      const usual = doubledPauseMs(tries, pauses) * (0.5 + rng.next() / 2);
      const pauseMs = Math.min(Math.max(end.afterMs ?? usual, 1), pauses.mostMs);
      // The end of the gateway ends a pause: then it is sent once more.
      await clock.sleep(pauseMs, signal).catch(() => {});
      if (!signal.aborted) continue;
      return this.#settle(batch, await this.#once(batch, flushMsMax));
    }
  }

  /** One try, within so many milliseconds. */
  async #once({ pieces }: SpanBatch, timeoutMs: number): Promise<SendEnd> {
    const { sender, clock } = this.#deps;
    using limit = timeLimit(timeoutMs, this.#gone.signal, clock);
    return await sender.send(pieces, limit.signal);
  }

  #settle({ spans }: SpanBatch, end: SendEnd): void {
    const { onEnd, onState } = this.#deps;
    if (end.kind !== "sent") {
      onEnd("failed", spans);
      this.#fails(end.words);
      return;
    }
    const rejected = Math.min(spans, end.rejected);
    if (rejected > 0) onEnd("rejected", rejected);
    if (rejected < spans) onEnd("exported", spans - rejected);
    if (rejected > 0) this.#fails(`the collector rejected spans: ${end.words}`);
    else if (this.#isFailing) {
      this.#isFailing = false;
      onState("working", "");
    }
  }

  /** Told once, until it works again. */
  #fails(words: string): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#deps.onState("failing", words);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { clock, sender } = this.#deps;
    const untilMs = clock.nowMs() + flushMsMax;
    const leftMs = () => untilMs - clock.nowMs();
    if (this.#timer !== undefined) clock.stop(this.#timer);
    this.#stop.abort();
    await settleWithin(this.#sending ?? Promise.resolve(), leftMs(), clock);
    for (;;) {
      const batch = this.#queue.take(batchBytes);
      if (batch === undefined) break;
      if (leftMs() > 0) this.#settle(batch, await this.#once(batch, leftMs()));
      else this.#deps.onEnd("failed", batch.spans);
    }
    this.#gone.abort();
    await sender[Symbol.asyncDispose]();
  }
}
