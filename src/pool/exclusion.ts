/** Why an endpoint was out when one was chosen. Types, and their words. */

/** The reasons, in the words of the wire. */
export type ExclusionReason =
  | "draining"
  | "unhealthy"
  | "max_concurrent"
  | "breaker_open"
  | "resting"
  | "tried"
  | "too_slow"
  | "max_latency"
  | "max_cost";

/** An endpoint that was out. */
export interface Exclusion {
  readonly provider: string;
  readonly endpoint: string;
  readonly model: string;
  readonly reason: ExclusionReason;
  /** What it has, and what it may have at most: milliseconds, US dollars or calls. */
  readonly value?: number;
  readonly limit?: number;
}

/** A number of milliseconds, dollars or calls, without the noise of its last digits. */
function short(value = 0): string {
  return String(Number(value.toPrecision(4)));
}

/** The reason in words, with the numbers. */
export function exclusionText({ reason, value, limit }: Exclusion): string {
  switch (reason) {
    case "draining":
      return "an operator drains it";
    case "unhealthy":
      return "its last probe failed";
    case "max_concurrent":
      return `it has ${short(value)} calls, and may have ${short(limit)} at one time`;
    case "breaker_open":
      return "too many of its calls failed";
    case "resting":
      return `it asked to be left alone for ${short(value)} ms more`;
    case "tried":
      return "the call was there before";
    case "too_slow":
      return `it never answered within the ${short(limit)} ms that are left`;
    case "max_latency":
      return `its ${short(value)} ms are above ${short(limit)} ms`;
    case "max_cost":
      return `its ${short(value)} US dollars are above ${short(limit)}`;
  }
}
