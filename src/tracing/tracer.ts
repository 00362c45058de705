/** Begins a trace with each request, or goes on with its client's, and writes it down when the call has ended. */

import type { Clock } from "#core/clock.ts";
import { RandomIds } from "#core/random-ids.ts";
import { parentOf, stateOf } from "#core/trace-context.ts";
import type { CallOutcome, CallRecord } from "#observability/call-record.ts";
import type { Arrived, CallTraces, TracedArrival } from "#observability/call-traces.ts";
import { ServerSpan } from "#observability/server-span.ts";
import { encodedSpans } from "./export-request.ts";
import type { Exporter } from "./exporter.ts";
import type { Sampler } from "./sampler.ts";
import { spansOf } from "./spans.ts";
import type { TraceTrust } from "./tracing-settings.ts";

/** What a tracer is made from. */
export interface TracerOptions {
  readonly trust: TraceTrust;
  readonly trustByListener: Readonly<Record<string, TraceTrust>>;
}

/** What it needs. */
export interface TracerDeps {
  readonly clock: Clock;
  readonly sampler: Sampler;
  readonly exporter: Pick<Exporter, "add">;
}

const spanDigits = 16;
/** Longest path of a span, in characters. */
const pathLengthMax = 256;

function pathOf(target: string): string {
  const query = target.indexOf("?");
  return target.slice(0, Math.min(pathLengthMax, query === -1 ? target.length : query));
}

/** Whose trace context counts for a request. */
function isTrusted(
  { trust, trustByListener }: TracerOptions,
  { listener, isByProxy }: Arrived,
): boolean {
  const own = trustByListener[listener] ?? trust;
  return own === "all" || (own === "proxies" && isByProxy);
}

/** Records the calls that are sampled. */
export class Tracer implements CallTraces {
  readonly #options: TracerOptions;
  readonly #deps: TracerDeps;
  readonly #traceIds = new RandomIds("");
  readonly #spanIds = new RandomIds("", spanDigits);

  constructor(options: TracerOptions, deps: TracerDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  begin(arrival: TracedArrival, by: Arrived): ServerSpan {
    const { sampler, clock } = this.#deps;
    const told = parentOf(arrival.header("traceparent"));
    const parent = told !== undefined && isTrusted(this.#options, by) ? told : undefined;
    const traceId = parent?.traceId ?? this.#traceIds.next();
    const isSampled =
      parent === undefined ? sampler.begins(traceId) : sampler.joins(parent, clock.nowMs());
    const state = parent && stateOf(arrival.header("tracestate"));
    // What is not sampled adds no span between its caller and those that it calls.
    if (!isSampled) {
      return new ServerSpan({ traceId, spanId: parent?.spanId ?? this.#spanIds.next() }, { state });
    }
    const start = {
      parentId: parent?.spanId,
      link: parent === undefined ? told : undefined,
      ids: this.#spanIds,
      path: pathOf(arrival.target),
      isEncrypted: arrival.peer.encrypted,
      contentType: arrival.header("content-type"),
    };
    return new ServerSpan({ traceId, spanId: this.#spanIds.next() }, { state, start });
  }

  /** Calls that only look at the gateway leave no trace. */
  ended(record: CallRecord, outcome: CallOutcome, elapsedMs: number): void {
    if (record.trace?.isSampled !== true || outcome.uncounted === true) return;
    const { clock, exporter } = this.#deps;
    const epochMs = clock.wallMs() - clock.nowMs();
    const spans = spansOf({ record, outcome, elapsedMs, epochMs });
    if (spans.length > 0) exporter.add(encodedSpans(spans), spans.length);
  }
}

/** Passes contexts on as they came; records nothing. */
export class Propagator implements CallTraces {
  readonly #options: TracerOptions;

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  begin(arrival: TracedArrival, by: Arrived): ServerSpan | undefined {
    const told = parentOf(arrival.header("traceparent"));
    if (told === undefined || !isTrusted(this.#options, by)) return undefined;
    const state = stateOf(arrival.header("tracestate"));
    return new ServerSpan(told, { state }, told.isSampled);
  }

  ended(): void {}
}
