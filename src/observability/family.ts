/** Counters and histograms whose labels are resolved once, so that a call costs them an addition. */

import type { Metric, Registry } from "prom-client";
import type { TraceContext } from "#core/trace-context.ts";

/** A value of each label. */
export type Labels<L extends string> = Readonly<Record<L, string | number>>;

/** A line of the exposition: `metricName{labels} value`. */
interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Text as the exposition has it in a line of help. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** Labels as the exposition has them, without braces. */
function labelText(labels: Readonly<Record<string, string | number>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(String(value)).replaceAll('"', '\\"')}"`)
    .join(",");
}

/** What stands before a value in the exposition: the end of the line before, the name, the labels. */
function before(name: string, labels: Readonly<Record<string, string | number>>): string {
  const text = labelText(labels);
  return `\n${name}${text === "" ? "" : `{${text}}`} `;
}

/** What stands before the values of a metric. */
function headOf({ name, help, type }: Readonly<Record<"name" | "help" | "type", string>>): string {
  return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}`;
}

/** How a metric of several threads becomes one; prom-client's own words. */
export type Merge = "sum" | "first" | "min" | "max" | "average" | "omit";

/** The values of one metric, as plain data. */
export interface MetricSnapshot {
  /** Its help and type, as the exposition has them. */
  readonly head: string;
  readonly type: string;
  readonly merge: Merge;
  /** What stands before each value, in the order of the values. */
  readonly lines: readonly string[];
  readonly values: readonly number[];
}

/** What a family is called and what tells its series apart. */
export interface FamilyOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly L[];
  /** Series beyond so many are counted as one, whose labels are all `_OTHER`; for labels that come from outside. */
  readonly seriesMax?: number | undefined;
}

/** What series beyond the bound are called, in the conventions' own word. */
const other = "_OTHER";
/** Longest label of a bounded family that is kept, in characters. */
const labelLengthMax = 128;

/** The series of one name, as a registry of prom-client collects them. */
abstract class Family<L extends string, S> {
  readonly name: string;
  readonly help: string;
  readonly aggregator = "sum";
  abstract readonly type: "counter" | "histogram";
  readonly #labelNames: readonly L[];
  readonly #seriesMax: number | undefined;
  readonly #series = new Map<
    string,
    { readonly labels: Labels<L>; readonly befores: readonly string[]; readonly series: S }
  >();

  constructor({ name, help, labelNames, seriesMax }: FamilyOptions<L>, registry: Registry) {
    this.name = name;
    this.help = help;
    this.#labelNames = labelNames;
    this.#seriesMax = seriesMax;
    // A registry asks for no more than name, help, type and `get`; its type names its own classes.
    registry.registerMetric(this as unknown as Metric);
  }

  /** The series of these labels. Who counts often keeps it. */
  labels(labels: Labels<L>): S {
    let key = "";
    for (const name of this.#labelNames) {
      const value = String(labels[name]);
      // With its length no value can be taken for the end of one and the start of the next.
      key += `${value.length}:${value}`;
    }
    const known = this.#series.get(key);
    if (known !== undefined) return known.series;
    if (!this.#isRoomFor(labels)) return this.labels(this.#others());
    const series = this.create();
    const befores = Array.from(this.read(series, labels), (sample) =>
      before(sample.metricName ?? this.name, sample.labels),
    );
    this.#series.set(key, { labels, befores, series });
    return series;
  }

  #isRoomFor(labels: Labels<L>): boolean {
    if (this.#seriesMax === undefined) return true;
    const values = this.#labelNames.map((name) => String(labels[name]));
    if (values.every((value) => value === other)) return true;
    return (
      this.#series.size < this.#seriesMax && values.every(({ length }) => length <= labelLengthMax)
    );
  }

  #others(): Labels<L> {
    return Object.fromEntries(this.#labelNames.map((name) => [name, other])) as Labels<L>;
  }

  /** All values, for the registry. */
  async get() {
    const values: Sample[] = [];
    for (const { labels, series } of this.#series.values())
      values.push(...this.read(series, labels));
    return {
      name: this.name,
      help: this.help,
      type: this.type,
      aggregator: this.aggregator,
      values,
    };
  }

  /**
   * All values as the exposition has them: what the registry writes, in a small part of its time. With
   * exemplars it is OpenMetrics', which has these.
   */
  text(withExemplars = false): string {
    const parts = [headOf(this)];
    for (const { befores, series } of this.#series.values()) {
      for (const [at, value] of this.values(series).entries()) {
        parts.push(befores[at] ?? "", String(value));
        const exemplar = withExemplars ? this.exemplarOf(series, at) : undefined;
        if (exemplar !== undefined) parts.push(exemplarText(exemplar));
      }
    }
    return parts.join("");
  }

  /** A value after the one at this place of `values`; undefined where none is kept. */
  protected exemplarOf(_series: S, _at: number): Exemplar | undefined {
    return undefined;
  }

  /** All values, for who adds them up with those of other threads. */
  snapshot(): MetricSnapshot {
    const lines: string[] = [];
    const values: number[] = [];
    for (const { befores, series } of this.#series.values()) {
      for (const [at, value] of this.values(series).entries()) {
        lines.push(befores[at] ?? "");
        values.push(value);
      }
    }
    return { head: headOf(this), type: this.type, merge: "sum", lines, values };
  }

  protected abstract create(): S;
  protected abstract read(series: S, labels: Labels<L>): Iterable<Sample>;
  /** The values of one series in the order in which `read` has them. */
  protected abstract values(series: S): readonly number[];
}

/**
 * Everything that is registered, as Prometheus reads it. Thousands of lines are written at once, so
 * those of this project's own families are not left to the registry.
 */
export async function expositionOf(registry: Registry): Promise<string> {
  return `${(await textsOf(registry, false)).join("\n\n")}\n`;
}

function textsOf(registry: Registry, withExemplars: boolean): Promise<string[]> {
  const texts = registry.getMetricsAsArray().map((metric) => {
    // Registered as one of the registry's own classes, which it is not.
    const own: unknown = metric;
    return own instanceof Family
      ? own.text(withExemplars)
      : registry.getSingleMetricAsString(metric.name);
  });
  return Promise.all(texts);
}

/** The media type of `openMetricsOf`. */
export const openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Lines about a counter, which OpenMetrics names without the end of its samples. */
const aboutCounter = /^# (?:HELP (\S+)_total .*\n# TYPE \1_total counter)$/gm;

/** Everything that is registered, with exemplars, as OpenMetrics has it. */
export async function openMetricsOf(registry: Registry): Promise<string> {
  const text = (await textsOf(registry, true)).join("\n");
  const named = text.replace(aboutCounter, (lines, name: string) =>
    lines.replaceAll(`${name}_total`, name),
  );
  return `${named}\n# EOF\n`;
}

/** What a registry asks of prom-client's own metrics. */
interface Collected extends Readonly<Record<"name" | "help" | "type", string>> {
  readonly aggregator: Merge;
  readonly values: readonly Sample[];
}

/** Everything that is registered, as plain data. */
export async function snapshotOf(registry: Registry): Promise<readonly MetricSnapshot[]> {
  return await Promise.all(
    registry.getMetricsAsArray().map(async (metric) => {
      const own: unknown = metric;
      if (own instanceof Family) return own.snapshot();
      const collected = await (own as { get(): Promise<Collected> }).get();
      const { name, type, aggregator, values } = collected;
      return {
        ...{ head: headOf(collected), type, merge: aggregator },
        lines: values.map((sample) => before(sample.metricName ?? name, sample.labels)),
        values: values.map(({ value }) => value),
      };
    }),
  );
}

/** One counter. */
export class CounterSeries {
  value = 0;

  inc(by = 1): void {
    this.value += by;
  }
}

/** Counters of one name. */
export class CounterFamily<L extends string> extends Family<L, CounterSeries> {
  readonly type = "counter";

  /** Adds to the series of these labels. */
  inc(labels: Labels<L>, by = 1): void {
    this.labels(labels).inc(by);
  }

  protected create(): CounterSeries {
    return new CounterSeries();
  }

  protected *read({ value }: CounterSeries, labels: Labels<L>): Generator<Sample> {
    yield { labels, value };
  }

  protected values({ value }: CounterSeries): readonly number[] {
    return [value];
  }
}

/** A value of a bucket, and the trace that it comes from. */
interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
  readonly value: number;
  readonly wallMs: number;
}

function exemplarText({ traceId, spanId, value, wallMs }: Exemplar): string {
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${value} ${wallMs / 1000}`;
}

/** One histogram: how many values fell under each bound, and their sum. */
export class HistogramSeries {
  readonly bounds: readonly number[];
  /** By bound; the last one counts what is above all of them. */
  readonly counts: number[];
  sum = 0;
  /** The latest of each bucket whose call is traced; none are there where none is. */
  exemplars: (Exemplar | undefined)[] | undefined;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = [...bounds.map(() => 0), 0];
  }

  /** A value, and the trace of its call, which is kept if that is sampled. */
  observe(value: number, trace?: TraceContext): void {
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1;
    counts[at] = (counts[at] ?? 0) + 1;
    this.sum += value;
    if (trace?.isSampled !== true) return;
    this.exemplars ??= [];
    const { traceId, spanId } = trace;
    this.exemplars[at] = { traceId, spanId, value, wallMs: Date.now() };
  }
}

/** Histograms of one name. */
export class HistogramFamily<L extends string> extends Family<L, HistogramSeries> {
  readonly type = "histogram";
  readonly #bounds: readonly number[];

  /** `bounds` ascend. */
  constructor(options: FamilyOptions<L>, registry: Registry, bounds: readonly number[]) {
    super(options, registry);
    this.#bounds = bounds;
  }

  /** Adds a value to the series of these labels. */
  observe(labels: Labels<L>, value: number): void {
    this.labels(labels).observe(value);
  }

  protected create(): HistogramSeries {
    return new HistogramSeries(this.#bounds);
  }

  protected *read(series: HistogramSeries, labels: Labels<L>): Generator<Sample> {
    const values = this.values(series);
    const value = (at: number) => values.at(at) ?? 0;
    for (const [at, le] of [...series.bounds, "+Inf"].entries()) {
      yield { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: value(at) };
    }
    yield { metricName: `${this.name}_sum`, labels, value: value(-2) };
    yield { metricName: `${this.name}_count`, labels, value: value(-1) };
  }

  protected override exemplarOf({ exemplars }: HistogramSeries, at: number): Exemplar | undefined {
    return exemplars?.[at];
  }

  protected values({ counts, sum }: HistogramSeries): readonly number[] {
    let below = 0;
    const values: number[] = [];
    for (const count of counts) {
      below += count;
      values.push(below);
    }
    values.push(sum, below);
    return values;
  }
}
