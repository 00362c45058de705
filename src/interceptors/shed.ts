/** Refuses calls while the process has more work than it can do: those that matter least first, and before their body is read. */

import type { DescMethod } from "@bufbuild/protobuf";
import type { ContextValues, Interceptor } from "@connectrpc/connect";
import { type Rng, systemRng } from "#core/rng.ts";
import { shedPauseMs } from "#core/shed-pause.ts";
import { fault } from "#errors/fault.ts";
import type { LoadLevel } from "#overload/load-level.ts";
import type { Load } from "#overload/load-monitor.ts";
import { shedKey } from "./context.ts";
import { methodFacts } from "./method-facts.ts";
import type { CallMetrics } from "./metric-families.ts";
import { isLow } from "./priority.ts";

/** What is known of a call before its message. */
interface Asked {
  readonly header: Headers;
  readonly values: ContextValues;
}

/** Admission by load, and the interceptor that says why a call was not admitted. */
export interface Shedding {
  readonly admits: (method: DescMethod, call: Asked) => boolean;
  /** Throws LOAD_SHED. Stands where the caller is known. */
  readonly interceptor: Interceptor;
}

/** What it reads and writes. */
export interface ShedDeps {
  readonly load: Load;
  readonly metrics: Pick<CallMetrics, "callsShed">;
  readonly rng?: Rng;
}

/** What shows and steers the gateway is served under any load: who else could take the load off it? */
function isSpared(method: DescMethod): boolean {
  const { isPublic, requiredScope } = methodFacts(method);
  return isPublic || requiredScope === "admin";
}

const nothingRefused: LoadLevel = { refuses: "nothing" };

const causes = {
  lag: "its event loop is late",
  heap: "its memory is nearly used up",
} as const;

/** Sheds by `load`; a call is judged once, by the first who asks. */
export function shedding({ load, metrics, rng = systemRng }: ShedDeps): Shedding {
  const judge = (method: DescMethod, { header, values }: Asked): LoadLevel => {
    const { level } = load;
    const isRefused =
      level.refuses !== "nothing" &&
      !isSpared(method) &&
      (level.refuses === "all" || isLow(header, values));
    return isRefused ? level : nothingRefused;
  };
  const judged = (method: DescMethod, call: Asked): LoadLevel => {
    const before = call.values.get(shedKey);
    if (before !== undefined) return before;
    const level = judge(method, call);
    call.values.set(shedKey, level);
    return level;
  };
  return {
    admits: (method, call) => judged(method, call).refuses === "nothing",
    interceptor: (next) => (request) => {
      const { method, header, contextValues: values } = request;
      const level = judged(method, { header, values });
      if (level.refuses === "nothing") return next(request);
      const { refuses, cause } = level;
      metrics.callsShed.inc({ refused: refuses, cause });
      const which = refuses === "all" ? "calls" : "calls of low priority";
      const message = `the gateway takes no ${which} now: ${causes[cause]}`;
      throw fault("LOAD_SHED", message, { retryAfterMs: shedPauseMs(rng.next()) });
    },
  };
}
