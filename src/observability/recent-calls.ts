/** The latest calls, one by one: a ring that is bounded by their number and by their bytes. */

import { Feed } from "#core/feed.ts";
import { PerSecond } from "#core/per-second.ts";
import { withoutCredentials } from "#core/redact.ts";
import { Ring, type RingOptions } from "#core/ring.ts";
import type { EndedCall } from "./call-journal.ts";
import type { CapturedText, TryFacts } from "./call-record.ts";

/** A call that has ended, as it is kept. */
export interface RecentCall {
  /** Counts up from 1; with gaps where others count as well. */
  readonly sequence: number;
  readonly requestId: string;
  /** Arrival, in milliseconds since the Unix epoch. */
  readonly startWallMs: number;
  /** The same on the monotonic clock, which tries begin on. */
  readonly startMs: number;
  readonly procedure: string;
  readonly surface: string;
  readonly listener: string;
  readonly endpoint: string;
  readonly clientAddress: string;
  readonly principal: string;
  readonly model: string;
  readonly code: string;
  /** Empty when the call succeeded. */
  readonly reason: string;
  readonly error: string;
  readonly httpStatus: number;
  readonly durationMs: number;
  readonly upstreamMs: number;
  readonly queueMs: number;
  readonly drainedMs: number;
  /** Id of its trace; empty where it was not sampled. */
  readonly traceId: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cost: number;
  readonly tries: readonly TryFacts[];
  readonly requestBody: CapturedText | undefined;
  readonly responseBody: CapturedText | undefined;
}

/** Longest text of a field that is kept, in characters. */
const textLengthMax = 1024;

function cut(text: string | undefined): string {
  if (text === undefined) return "";
  return text.length <= textLengthMax ? text : `${text.slice(0, textLengthMax - 1)}…`;
}

function recentCall(sequence: number, ended: EndedCall): RecentCall {
  const { record, outcome, elapsedMs, endedWallMs } = ended;
  return {
    sequence,
    requestId: record.requestId,
    startWallMs: Math.round(endedWallMs - elapsedMs),
    startMs: record.startMs,
    procedure: outcome.procedure,
    surface: record.surface ?? "",
    listener: record.listener,
    endpoint: cut(record.endpoint),
    clientAddress: record.clientAddress,
    principal: cut(record.principal),
    model: cut(record.model),
    code: outcome.code,
    reason: outcome.reason ?? "",
    error: withoutCredentials(cut(outcome.message)),
    httpStatus: record.status ?? 0,
    durationMs: elapsedMs,
    upstreamMs: record.upstreamMs ?? 0,
    queueMs: record.queueMs ?? 0,
    drainedMs: record.drainedMs ?? 0,
    traceId: record.trace?.isSampled === true ? record.trace.traceId : "",
    promptTokens: record.promptTokens ?? 0,
    completionTokens: record.completionTokens ?? 0,
    cost: record.cost ?? 0,
    tries: record.tries ?? [],
    requestBody: record.requestBody,
    responseBody: record.responseBody,
  };
}

/** What an object, and what an endpoint of a decision, takes besides its texts. */
const entryBytes = 500;
const tryBytes = 250;
const endpointBytes = 600;

/** What a call takes, about: the texts of its own, at two bytes a character. */
function bytesOf(call: RecentCall): number {
  const { requestId, endpoint, principal, model: asked, error, requestBody, responseBody } = call;
  const own = requestId.length + endpoint.length + principal.length + asked.length + error.length;
  const bodies = (requestBody?.json.length ?? 0) + (responseBody?.json.length ?? 0);
  let bytes = entryBytes + 2 * (own + bodies);
  for (const { decision, model } of call.tries) {
    bytes += tryBytes + 2 * model.length + endpointBytes * (decision?.size ?? 0);
  }
  return bytes;
}

/**
 * Calls of one second that are kept, and as many that failed. Where more come, a ring holds less than
 * a moment, and what passes through it costs each call more than all that is counted of it.
 */
const perSecondMax = 500;

/** What recent calls may be given. */
export interface RecentCallsOptions extends RingOptions {
  /** Notified of each call that is not kept. */
  onLost?(): void;
  /** The next number, where others keep calls as well. */
  number?: (() => number) | undefined;
}

/** The calls that ended last, and a feed of those that end. */
export class RecentCalls {
  readonly feed = new Feed<RecentCall>();
  readonly ring: Ring<RecentCall>;
  readonly #onLost: (() => void) | undefined;
  readonly #good = new PerSecond(perSecondMax);
  readonly #failed = new PerSecond(perSecondMax);
  readonly #number: () => number;
  #lost = 0;

  constructor({ onLost, number, ...options }: RecentCallsOptions) {
    this.ring = new Ring(options);
    this.#onLost = onLost;
    this.#number = number ?? (() => this.ring.next);
  }

  /** Calls that came when there were too many to keep them. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes a call. */
  add(ended: EndedCall): void {
    const pace = ended.outcome.code === "OK" ? this.#good : this.#failed;
    if (!pace.passes(ended.endedWallMs)) {
      this.#lost += 1;
      this.#onLost?.();
      return;
    }
    const call = recentCall(this.#number(), ended);
    this.ring.add(call, bytesOf(call));
    this.feed.publish(call);
  }
}
