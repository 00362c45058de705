/** The setting `workers`: how many threads serve calls, and what they cannot do together. */

import { numberFrom, scalarOf } from "#yaml/scalar.ts";
import type { CompileContext } from "./compile-context.ts";
import type { EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";
import type { SettingFlagRow } from "./serve-flag-row.ts";
import type { Settings } from "./settings.ts";

/** More threads than this need not share one process. */
const workersMax = 64;

/** The setting, as the file has it. */
export const workers = () =>
  scalarOf(
    `auto, or an integer from 1 to ${workersMax}`,
    { type: ["integer", "string"], minimum: 1, maximum: workersMax },
    (written): number | "auto" | undefined => {
      if (written === "auto") return written;
      const value = numberFrom(written);
      return Number.isInteger(value) && value >= 1 && value <= workersMax ? value : undefined;
    },
  )
    .prefault(1)
    .describe(
      "Threads that serve calls; `auto`: one for each processor. The main thread accepts connections for more than one, and serves none.",
    );

/** Environment name of the setting. */
export const workersRows: readonly EnvironmentRow[] = [
  { name: "WORKERS", path: ["workers"], value: (text) => text.toLowerCase() },
];

/** Flag of the setting. */
export const workersFlags: readonly SettingFlagRow[] = [
  {
    name: "workers",
    value: "count",
    path: ["workers"],
    environment: "WORKERS",
    fallback: "1",
    description: "threads that serve calls; auto: one for each processor",
  },
];

/** The number of threads. */
export function workersFrom(written: number | "auto", { cpus }: CompileContext): number {
  return written === "auto" ? Math.min(cpus, workersMax) : written;
}

/** Reports what several threads of one process would do wrongly. */
export function requireThreadable(settings: Settings, report: Report): void {
  const { workers } = settings;
  if (workers === 1) return;
  for (const { name, concurrentMax } of settings.providers) {
    const most = typeof concurrentMax === "number" ? concurrentMax : concurrentMax.min;
    if (most >= workers) continue;
    const message = `is less than \`workers\` (${workers}), which share it`;
    report(["providers", name, "max_concurrent"], message, "raise it, or set workers to 1");
  }
}
