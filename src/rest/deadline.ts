/** Reads how long the client gives a call. */

import { fault } from "#errors/fault.ts";
import { connectTimeout, grpcTimeout, type TimeoutField, timeoutMsMax } from "#protocol/timeout.ts";

/** Seconds, for clients that speak neither gRPC nor Connect. */
const serverTimeout: TimeoutField = {
  name: "x-server-timeout",
  expected: "seconds such as 1.5",
  timeoutMs: (text) =>
    /^\d{1,10}(?:\.\d{1,9})?$/.test(text) ? Math.min(Number(text) * 1000, timeoutMsMax) : undefined,
};

const fields = [grpcTimeout, connectTimeout, serverTimeout];

/**
 * Milliseconds until the deadline that the request names; the shortest when it names several,
 * undefined when none. Throws PARAMETER_INVALID that names the header.
 */
export function timeoutMsFrom(header: (name: string) => string | undefined): number | undefined {
  let shortest: number | undefined;
  for (const field of fields) {
    const text = header(field.name);
    if (text === undefined) continue;
    const timeoutMs = field.timeoutMs(text);
    if (timeoutMs === undefined) {
      throw fault("PARAMETER_INVALID", `${field.name}: expected ${field.expected}`, {
        fields: [{ field: field.name, description: `expected ${field.expected}` }],
      });
    }
    shortest = Math.min(shortest ?? timeoutMsMax, timeoutMs);
  }
  return shortest;
}
