/** Counters and histograms whose labels are resolved once, so that a call costs them an addition. */

import type { Metric, Registry } from "prom-client";

/** A value of each label. */
export type Labels<L extends string> = Readonly<Record<L, string | number>>;

/** A line of the exposition: `metricName{labels} value`. */
interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** What a family is called and what tells its series apart. */
export interface FamilyOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly L[];
}

/** The series of one name, as a registry of prom-client collects them. */
abstract class Family<L extends string, S> {
  readonly name: string;
  readonly help: string;
  readonly aggregator = "sum";
  abstract readonly type: "counter" | "histogram";
  readonly #labelNames: readonly L[];
  readonly #series = new Map<string, { readonly labels: Labels<L>; readonly series: S }>();

  constructor({ name, help, labelNames }: FamilyOptions<L>, registry: Registry) {
    this.name = name;
    this.help = help;
    this.#labelNames = labelNames;
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
    const series = this.create();
    this.#series.set(key, { labels, series });
    return series;
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

  protected abstract create(): S;
  protected abstract read(series: S, labels: Labels<L>): Iterable<Sample>;
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
}

/** One histogram: how many values fell under each bound, and their sum. */
export class HistogramSeries {
  readonly bounds: readonly number[];
  /** By bound; the last one counts what is above all of them. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = [...bounds.map(() => 0), 0];
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1;
    counts[at] = (counts[at] ?? 0) + 1;
    this.sum += value;
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
    let below = 0;
    for (const [at, count] of series.counts.entries()) {
      below += count;
      const le = series.bounds[at] ?? "+Inf";
      yield { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: below };
    }
    yield { metricName: `${this.name}_sum`, labels, value: series.sum };
    yield { metricName: `${this.name}_count`, labels, value: below };
  }
}
