/** A call whose backend goes on for a while when the client has left, so that what it costs is known. */

import type { HandlerContext } from "@connectrpc/connect";
import { abortable } from "#core/abortable.ts";
import type { ByteBudget } from "#core/byte-budget.ts";
import type { Clock, Timer } from "#core/clock.ts";
import { onAbort } from "#core/on-abort.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { Drain } from "#routing/route.ts";
import type { CallScope } from "#rpc/call-scope.ts";
import type { ServiceMetrics } from "./metric-families.ts";

/** What calls that may go on need. */
export interface LastingDeps {
  readonly clock: Clock;
  readonly metrics: Pick<ServiceMetrics, "drained" | "draining">;
  /** Bytes of requests that are held. */
  readonly buffers: ByteBudget;
}

/** A call that may go on. */
export interface LastingFacts {
  readonly context: HandlerContext;
  readonly scope: CallScope;
  readonly record: CallRecord;
  readonly drain: Drain;
  /** Bytes of the request, which stays in memory as long as the call goes on. */
  bytes(): number;
}

/** How a call that went on has ended. */
type Result = "whole" | "failed" | "time_out" | "stopped";

/** Time for work that was asked to stop, before its call's end is reported without it. */
const lastWordsMs = 1_000;

/** Runs the work of one call with a signal that outlives the client. */
export class LastingCall {
  /** The call's, with a signal that says when the work itself is to stop. */
  readonly context: HandlerContext;
  readonly #deps: LastingDeps;
  readonly #facts: LastingFacts;
  readonly #stop = new AbortController();
  /** Lets the call's end be reported. */
  #release = () => {};
  #isOver = false;
  /** Set when the client has left and the work goes on; gives back what it holds. */
  #going: { readonly sinceMs: number; readonly held: Disposable } | undefined;
  #timer: Timer | undefined;
  #stopped: Result | undefined;

  constructor(deps: LastingDeps, facts: LastingFacts) {
    this.#deps = deps;
    this.#facts = facts;
    this.context = { ...facts.context, signal: this.#stop.signal };
  }

  /** The client is gone: what fails now is not tried again. */
  get hasLeft(): boolean {
    return this.#going !== undefined;
  }

  /** A whole response; the promise ends with the client. */
  async whole<T>(work: (context: HandlerContext) => Promise<T>): Promise<T> {
    this.#begin();
    const done = work(this.context).then(
      (response) => {
        this.#end("whole");
        return response;
      },
      (thrown: unknown) => {
        this.#end("failed");
        throw thrown;
      },
    );
    return await abortable(done, this.#facts.context.signal);
  }

  /** A response in pieces, which is read to its end for a client that has left. */
  async *stream<T>(
    open: (context: HandlerContext) => AsyncGenerator<T, unknown, undefined>,
  ): AsyncGenerator<T, void, undefined> {
    this.#begin();
    const pieces = open(this.context);
    try {
      for (;;) {
        const piece = await pieces.next();
        if (piece.done) {
          this.#end("whole");
          return;
        }
        yield piece.value;
      }
    } catch (thrown) {
      this.#end("failed");
      throw thrown;
    } finally {
      // Who left does not wait for the rest.
      if (this.hasLeft && !this.#isOver) void this.#readOn(pieces);
      else if (!this.#isOver) {
        this.#end("failed");
        await pieces.return(undefined);
      }
    }
  }

  /** From here on the work may be left behind: a stream that no one pulls has none. */
  #begin(): void {
    const { context, scope } = this.#facts;
    this.#release = scope.outlast((reason) => this.#giveUp("stopped", reason));
    onAbort(context.signal, (reason) => this.#leave(reason));
  }

  async #readOn(pieces: AsyncGenerator<unknown, unknown, undefined>): Promise<void> {
    try {
      while (!(await pieces.next()).done);
      this.#end("whole");
    } catch {
      this.#end("failed");
    }
  }

  /** The call is over for its client; its work goes on where there is room for that and something to wait for. */
  #leave(reason: unknown): void {
    if (this.#isOver) return;
    const { clock, metrics } = this.#deps;
    const { scope, drain } = this.#facts;
    const isLeft = !scope.wasCut && this.#isAsked;
    const held = isLeft ? this.#take() : undefined;
    if (held === undefined) {
      if (isLeft) metrics.drained.inc({ result: "no_room" });
      this.#stop.abort(reason);
      this.#release();
      return;
    }
    metrics.draining.inc();
    this.#going = { sinceMs: clock.nowMs(), held };
    const late = () =>
      this.#giveUp("time_out", new DOMException("the client left long ago", "AbortError"));
    this.#wake(drain.timeMs, late);
  }

  /** Whether a backend is at work: tries are noted as they end. */
  get #isAsked(): boolean {
    const { attempts = 0, tries = [] } = this.#facts.record;
    return attempts > tries.length;
  }

  /** Room for one more that goes on; undefined when there is none. */
  #take(): Disposable | undefined {
    const { buffers } = this.#deps;
    const { drain, bytes } = this.#facts;
    const place = drain.places.take("");
    if (place === undefined) return undefined;
    const count = bytes();
    if (!buffers.take(count)) {
      place[Symbol.dispose]();
      return undefined;
    }
    return {
      [Symbol.dispose]() {
        place[Symbol.dispose]();
        buffers.release(count);
      },
    };
  }

  /** The work is asked to stop; its call's end is reported when it has, or soon. */
  #giveUp(result: Result, reason: unknown): void {
    if (this.#isOver || this.#stopped !== undefined) return;
    this.#stopped = result;
    this.#wake(lastWordsMs, () => this.#end(result));
    this.#stop.abort(reason);
  }

  /** Calls `due` after a time, and not what was to be called before. */
  #wake(ms: number, due: () => void): void {
    const { clock } = this.#deps;
    if (this.#timer !== undefined) clock.stop(this.#timer);
    this.#timer = clock.timer(ms, due, undefined);
    this.#timer.unref();
  }

  #end(result: Result): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { clock, metrics } = this.#deps;
    if (this.#timer !== undefined) clock.stop(this.#timer);
    if (this.#going !== undefined) {
      const { sinceMs, held } = this.#going;
      held[Symbol.dispose]();
      this.#facts.record.drainedMs = clock.nowMs() - sinceMs;
      metrics.draining.dec();
      metrics.drained.inc({ result: this.#stopped ?? result });
    }
    this.#release();
  }
}
