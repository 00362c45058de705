/** Why an endpoint could not be chosen: the reasons, and what each is called. */

/** The reasons, as clients read them. */
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

/** An endpoint that could not be chosen. */
export interface Exclusion {
  readonly provider: string;
  readonly endpoint: string;
  readonly model: string;
  readonly reason: ExclusionReason;
  /** Its value, and the limit that the value exceeds: milliseconds, US dollars or calls. */
  readonly value?: number;
  readonly limit?: number;
}

/** A number of milliseconds, dollars or calls, rounded for reading. */
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
      return `it has ${short(value)} calls in flight, and its limit is ${short(limit)}`;
    case "breaker_open":
      return "too many of its calls failed";
    case "resting":
      return `it asked for a pause, of which ${short(value)} ms are left`;
    case "tried":
      return "the call has tried it already";
    case "too_slow":
      return `it never answered within the ${short(limit)} ms that are left`;
    case "max_latency":
      return `its latency of ${short(value)} ms is above ${short(limit)} ms`;
    case "max_cost":
      return `its price of ${short(value)} US dollars is above ${short(limit)}`;
  }
}
