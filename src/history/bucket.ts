/** What one model of one provider did in one step of time. Pure. */

import { LatencyHistogram } from "./latency-histogram.ts";

/** Who can be at fault for a failure. */
export type ErrorBlame = "caller" | "upstream" | "gateway";

/** A call that a provider was given, and that has ended. */
export interface HistorySample {
  /** When it ended, in milliseconds since the Unix epoch. */
  readonly wallMs: number;
  readonly provider: string;
  /** Empty where no one knows. */
  readonly model: string;
  /** Whose fault its failure was; undefined when it succeeded. */
  readonly blame: ErrorBlame | undefined;
  /** Time of the call, or to the first message of a stream. */
  readonly latencyMs: number;
  /** The latter, where it was a stream. */
  readonly firstMs: number | undefined;
  readonly tokens: number;
  /** US dollars. */
  readonly cost: number;
}

/** Sums over calls. */
export class HistorySums {
  requests = 0;
  callerErrors = 0;
  upstreamErrors = 0;
  gatewayErrors = 0;
  /** Calls that succeeded, and their times together. */
  latencyCount = 0;
  latencyMsSum = 0;
  latencies = new LatencyHistogram();
  firstCount = 0;
  firstMsSum = 0;
  tokens = 0;
  cost = 0;

  /** Counts a call. How fast one fails says nothing of how fast it answers. */
  add({ blame, latencyMs, firstMs, tokens, cost }: HistorySample): void {
    this.requests += 1;
    this.tokens += tokens;
    this.cost += cost;
    if (blame !== undefined) {
      this[`${blame}Errors`] += 1;
      return;
    }
    this.latencyCount += 1;
    this.latencyMsSum += latencyMs;
    this.latencies.add(latencyMs);
    if (firstMs === undefined) return;
    this.firstCount += 1;
    this.firstMsSum += firstMs;
  }

  /** Counts all that another one has counted. */
  merge(other: HistorySums): void {
    this.requests += other.requests;
    this.callerErrors += other.callerErrors;
    this.upstreamErrors += other.upstreamErrors;
    this.gatewayErrors += other.gatewayErrors;
    this.latencyCount += other.latencyCount;
    this.latencyMsSum += other.latencyMsSum;
    this.latencies.merge(other.latencies);
    this.firstCount += other.firstCount;
    this.firstMsSum += other.firstMsSum;
    this.tokens += other.tokens;
    this.cost += other.cost;
  }
}

/** The model under whose name those beyond a bound are summed up. */
export const otherModels = "(others)";

/** Which bucket a call belongs to. */
export interface BucketKey {
  readonly stepMs: number;
  /** Beginning of the step, in milliseconds since the Unix epoch; a multiple of its length. */
  readonly startMs: number;
  readonly provider: string;
  readonly model: string;
}

/** A bucket of calls. */
export interface HistoryBucket extends BucketKey {
  readonly sums: HistorySums;
}

/** The key as text; names hold no line ends. */
export function bucketText({ stepMs, startMs, provider, model }: BucketKey): string {
  return `${stepMs} ${startMs} ${provider}\n${model}`;
}
