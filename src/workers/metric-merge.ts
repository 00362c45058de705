/** Makes the metrics of all threads one: counts are added up, and each gauge is merged as it says itself. Pure. */

import type { Merge, MetricSnapshot } from "#observability/family.ts";

/** What the main thread alone tells: what the process is, and the configuration that is in force. */
const ofProcess = ["# HELP process_", "# HELP config_"];
/** Gauges that are the main thread's own; it sets no other, and what is not set is no value. */
const ofMainThread = [
  ...ofProcess,
  ...[
    "# HELP nodejs_",
    "# HELP gateway_worker",
    "# HELP gateway_alerts_firing",
    "# HELP gateway_upload_",
  ],
];

const isAmong = (heads: readonly string[], { head }: MetricSnapshot) =>
  heads.some((start) => head.startsWith(start));

/** The values of one metric while they are merged. */
interface Merging {
  readonly first: MetricSnapshot;
  /** By what stands before it: the value so far, and how many threads gave one. */
  readonly values: Map<string, { value: number; count: number }>;
}

const mergers: Readonly<Record<Merge, (value: number, next: number) => number>> = {
  sum: (value, next) => value + next,
  average: (value, next) => value + next,
  min: Math.min,
  max: Math.max,
  first: (value) => value,
  omit: (value) => value,
};

function mergeInto({ first: { merge }, values }: Merging, next: MetricSnapshot): void {
  for (const [at, line] of next.lines.entries()) {
    const value = next.values[at] ?? 0;
    const known = values.get(line);
    if (known === undefined) {
      values.set(line, { value, count: 1 });
    } else {
      known.value = mergers[merge](known.value, value);
      known.count += 1;
    }
  }
}

function snapshotFrom({ first, values }: Merging): MetricSnapshot {
  const found = [...values.values()];
  return {
    ...first,
    lines: [...values.keys()],
    values: found.map(({ value, count }) => (first.merge === "average" ? value / count : value)),
  };
}

/** The metrics of all, in the order in which they come first. */
export function mergedMetrics(
  all: readonly (readonly MetricSnapshot[])[],
): readonly MetricSnapshot[] {
  const byHead = new Map<string, Merging>();
  for (const snapshot of all.flat()) {
    const known = byHead.get(snapshot.head) ?? { first: snapshot, values: new Map() };
    byHead.set(snapshot.head, known);
    mergeInto(known, snapshot);
  }
  return [...byHead.values()].map(snapshotFrom);
}

/** Of what a thread told, that which is its own. */
export function ofThread(told: readonly MetricSnapshot[]): readonly MetricSnapshot[] {
  return told.filter((one) => !isAmong(ofProcess, one));
}

/** Of what the main thread told, that which is its own. */
export function ofMain(told: readonly MetricSnapshot[]): readonly MetricSnapshot[] {
  return told.filter((one) => one.type !== "gauge" || isAmong(ofMainThread, one));
}

/** What stays of a thread that has ended: what it counted. */
export function lasting(told: readonly MetricSnapshot[]): readonly MetricSnapshot[] {
  return told.filter(({ type }) => type === "counter" || type === "histogram");
}

/** As Prometheus reads them. */
export function metricsText(all: readonly MetricSnapshot[]): string {
  const texts = all.map(({ head, lines, values }) =>
    [head, ...lines.map((line, at) => `${line}${valueText(values[at] ?? 0)}`)].join(""),
  );
  return `${texts.join("\n\n")}\n`;
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}
