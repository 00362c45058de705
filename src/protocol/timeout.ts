/** Reads the fields in which a client says how long it waits. */

/** Longest time that a timer can wait, about 24.8 days; what is longer counts as this. */
export const timeoutMsMax = 0x7fff_ffff;

const grpcUnitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** A field that holds a time, and how it is written. */
export interface TimeoutField {
  readonly name: string;
  /** What a text that does not read should have been. */
  readonly expected: string;
  /** Milliseconds, at most `timeoutMsMax`; undefined when the text does not read. */
  timeoutMs(text: string): number | undefined;
}

/** gRPC's field (PROTOCOL-HTTP2.md). */
export const grpcTimeout: TimeoutField = {
  name: "grpc-timeout",
  expected: "up to 8 digits and a unit of H, M, S, m, u or n",
  timeoutMs(text) {
    const match = /^(\d{1,8})([HMSmun])$/.exec(text);
    const unitMs = grpcUnitMs[match?.[2] ?? ""];
    return unitMs === undefined ? undefined : Math.min(Number(match?.[1]) * unitMs, timeoutMsMax);
  },
};

/** Connect's field. */
export const connectTimeout: TimeoutField = {
  name: "connect-timeout-ms",
  expected: "up to 10 digits",
  timeoutMs: (text) => (/^\d{1,10}$/.test(text) ? Math.min(Number(text), timeoutMsMax) : undefined),
};
