/** Whoever records the traces of calls, as the way of a request sees it. Types only. */

import type { CallOutcome, CallRecord } from "./call-record.ts";
import type { ServerSpan } from "./server-span.ts";

/** A request as whoever begins its trace sees it. */
export interface TracedArrival {
  readonly target: string;
  readonly peer: { readonly encrypted: boolean };
  header(name: string): string | undefined;
}

/** Begins and ends the traces of requests. */
export interface CallTraces {
  /**
   * Decides whether the request is sampled, and what is sent to those that it calls. Undefined: nothing
   * is recorded, and nothing is there to pass on.
   */
  begin(arrival: TracedArrival, by: Arrived): ServerSpan | undefined;
  /** The request has ended, so many milliseconds after it began. */
  ended(record: CallRecord, outcome: CallOutcome, elapsedMs: number): void;
}

/** How a request came. */
export interface Arrived {
  /** Name of the listener. */
  readonly listener: string;
  /** Its connection is one of a trusted proxy. */
  readonly isByProxy: boolean;
}
