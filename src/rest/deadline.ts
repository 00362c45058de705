/** Reads how long the client gives a call. */

import { fault } from "#errors/fault.ts";

/** Longest time that a timer can wait, about 24.8 days; what is longer counts as this. */
const timeoutMsMax = 0x7fff_ffff;

const grpcUnitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

interface Reading {
  readonly header: string;
  readonly expected: string;
  /** Milliseconds, or undefined when the text does not read. */
  timeoutMs(text: string): number | undefined;
}

const readings: readonly Reading[] = [
  {
    header: "grpc-timeout",
    expected: "up to 8 digits and a unit of H, M, S, m, u or n",
    timeoutMs(text) {
      const match = /^(\d{1,8})([HMSmun])$/.exec(text);
      const unitMs = grpcUnitMs[match?.[2] ?? ""];
      return unitMs === undefined ? undefined : Number(match?.[1]) * unitMs;
    },
  },
  {
    header: "connect-timeout-ms",
    expected: "up to 10 digits",
    timeoutMs: (text) => (/^\d{1,10}$/.test(text) ? Number(text) : undefined),
  },
  {
    header: "x-server-timeout",
    expected: "seconds such as 1.5",
    timeoutMs: (text) => (/^\d{1,10}(?:\.\d{1,9})?$/.test(text) ? Number(text) * 1000 : undefined),
  },
];

/**
 * Milliseconds until the deadline that the request names; the shortest when it names several,
 * undefined when none. Throws PARAMETER_INVALID that names the header.
 */
export function timeoutMsFrom(header: (name: string) => string | undefined): number | undefined {
  let shortest: number | undefined;
  for (const reading of readings) {
    const text = header(reading.header);
    if (text === undefined) continue;
    const timeoutMs = reading.timeoutMs(text);
    if (timeoutMs === undefined) {
      throw fault("PARAMETER_INVALID", `${reading.header}: expected ${reading.expected}`, {
        fields: [{ field: reading.header, description: `expected ${reading.expected}` }],
      });
    }
    shortest = Math.min(shortest ?? timeoutMsMax, timeoutMs);
  }
  return shortest;
}
