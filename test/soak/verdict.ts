/** What an attack did to the gateway, and whether that is within bounds. Pure. */

/** Figures of one attack. */
export interface Measurement {
  readonly attack: string;
  readonly bytesSent: number;
  /** What the attacker received, by number of times. */
  readonly seen: Readonly<Record<string, number>>;
  /** Resident memory of the gateway: before the attack, at most, and some time after it. */
  readonly beforeBytes: number;
  readonly peakBytes: number;
  readonly afterBytes: number;
  readonly cpuSeconds: number;
  /** Longest wait of a bystander: before the attack, and during it. */
  readonly idleWaitMs: number;
  readonly waitMs: number;
  /** How the gateway's process ended, if it did. */
  readonly death?: string | undefined;
  /** What the attack itself found wrong. */
  readonly problem?: string | undefined;
}

/** Most that an attack may do. */
export const bounds = { growthBytes: 200e6, waitMs: 250 } as const;

/** Titles of the cells of `rowOf`. */
export const columns = [
  "attack",
  "verdict",
  "sent MB",
  "before MB",
  "peak MB",
  "after MB",
  "growth MB",
  "CPU s",
  "idle wait ms",
  "wait ms",
] as const;

/** Names of the bounds that were broken; empty when the gateway stood the attack. */
export function breachesOf(measurement: Measurement): string[] {
  const { bytesSent, death, problem, beforeBytes, peakBytes, waitMs } = measurement;
  const breaches = [];
  if (bytesSent === 0) breaches.push("nothing was sent");
  if (death !== undefined) breaches.push(`died: ${death}`);
  if (peakBytes - beforeBytes > bounds.growthBytes) breaches.push("memory");
  if (waitMs > bounds.waitMs) breaches.push("wait");
  if (problem !== undefined) breaches.push(problem);
  return breaches;
}

/**
 * Whether the gateway stood an attack, by its measurements; undefined while more have to be made. One
 * within the bounds is enough, and a death or what else went wrong is final. Memory or a wait beyond
 * them is measured twice more, because single figures of a machine that others use, too, can be wrong:
 * then two of the three decide.
 */
export function verdictOf(measurements: readonly Measurement[]): boolean | undefined {
  const breaches = measurements.map(breachesOf);
  if (breaches.flat().some((each) => each !== "memory" && each !== "wait")) return false;
  const failed = breaches.filter(({ length }) => length > 0).length;
  if (failed >= 2) return false;
  return measurements.length > 2 * failed ? true : undefined;
}

/** The measurement as cells of a table. */
export function rowOf(measurement: Measurement): string[] {
  const { attack, bytesSent, beforeBytes, peakBytes, afterBytes } = measurement;
  const { cpuSeconds, idleWaitMs, waitMs } = measurement;
  const breaches = breachesOf(measurement);
  return [
    attack,
    breaches.length === 0 ? "ok" : `FAIL ${breaches.join(", ")}`,
    megabytes(bytesSent),
    ...[beforeBytes, peakBytes, afterBytes, peakBytes - beforeBytes].map((bytes) =>
      String(Math.round(bytes / 1e6)),
    ),
    cpuSeconds.toFixed(1),
    String(Math.round(idleWaitMs)),
    String(Math.round(waitMs)),
  ];
}

/** What the attacker received, as text. */
export function sightsOf({ seen }: Measurement): string {
  return Object.entries(seen)
    .map(([what, times]) => `${what} × ${times}`)
    .join("; ");
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1);
}
