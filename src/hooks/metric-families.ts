/** The metrics of hooks. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function hookFamilies({ counter, seconds }: Makers) {
  return {
    hookCalls: counter(
      "gateway_hook_calls_total",
      "Calls of hooks: allow, deny, replace; error, timeout or too_large where they failed; cancelled; skipped where too many streams wait to be seen.",
      ["hook", "phase", "result"],
    ),
    hookDuration: seconds("gateway_hook_duration_seconds", "Time of a call of a hook.", [
      "hook",
      "phase",
    ]),
  };
}

/** The registered metrics. */
export type HookMetrics = ReturnType<typeof hookFamilies>;
