/** What all boards are made of: variables, rows and panels over one choice of gateways. */

import {
  // biome-ignore lint/suspicious/noDeprecatedImports: the form that all Grafanas of these years read from files.
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeSeriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** An expression of Prometheus, and what its series are called: `{{label}}`. */
export type Query = readonly [expr: string, legend: string];

/** One panel. */
export interface PanelSpec {
  readonly title: string;
  /** What it says, and what of it is bad. */
  readonly description: string;
  /** Grafana's name of the unit. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** One number in place of curves. */
  readonly isStat?: boolean;
}

/** Panels under one heading. */
export interface RowSpec {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

/** A board. */
export interface BoardSpec {
  /** Name of its file, and end of its address. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** A further variable: the values that a label of a metric has. */
  readonly choice?: { readonly name: string; readonly metric: string; readonly label: string };
  readonly rows: readonly RowSpec[];
}

/** Selects the gateways that were chosen; every gateway has the metric that they are listed by. */
export const chosen = 'job=~"$job",instance=~"$instance"';
const listedBy = "overload_level";

/** A rate of counters, over the chosen gateways, summed by labels. */
export function rateBy(labels: string, metric: string, more = ""): string {
  const by = labels === "" ? "" : ` by (${labels})`;
  return `sum${by} (rate(${metric}{${chosen}${more === "" ? "" : `,${more}`}}[$__rate_interval]))`;
}

/** A quantile of a histogram, by labels. */
export function quantile(share: number, labels: string, metric: string, more = ""): string {
  const by = labels === "" ? "le" : `${labels}, le`;
  return `histogram_quantile(${share}, ${rateBy(by, `${metric}_bucket`, more)})`;
}

/** Curves of a histogram: half of all, and nearly all. */
export function quantiles(metric: string): readonly Query[] {
  return [0.5, 0.95, 0.99].map((share) => [quantile(share, "", metric), `p${share * 100}`]);
}

const datasource = { type: "prometheus", uid: "$datasource" };
const columns = 24;
const heights = { stat: 4, curves: 8 };

function variable(name: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .datasource(datasource)
    .query({ query, refId: name, qryType: 1 })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .current({ text: ["All"], value: ["$__all"], selected: true });
}

function targets({ queries }: PanelSpec): DataqueryBuilder[] {
  return queries.map(([expr, legend], index) =>
    new DataqueryBuilder()
      .refId(String.fromCharCode("A".charCodeAt(0) + index))
      .expr(expr)
      .legendFormat(legend)
      .range(),
  );
}

function panel(spec: PanelSpec, span: number) {
  const { title, description, unit, isStat = false } = spec;
  const builder = isStat
    ? new StatBuilder().height(heights.stat)
    : new TimeSeriesBuilder().height(heights.curves).fillOpacity(8).axisSoftMin(0);
  return builder
    .title(title)
    .description(description)
    .unit(unit)
    .span(span)
    .datasource(datasource)
    .targets(targets(spec));
}

/** Builds a board. */
export function board({ name, title, description, choice, rows }: BoardSpec) {
  const builder = new DashboardBuilder(`Polygate: ${title}`)
    .uid(`polygate-${name}`)
    .description(description)
    .tags(["polygate"])
    .readonly()
    .refresh("30s")
    .time({ from: "now-1h", to: "now" })
    .timezone("browser")
    .withVariable(new DatasourceVariableBuilder("datasource").label("source").type("prometheus"))
    .withVariable(variable("job", `label_values(${listedBy}, job)`))
    .withVariable(variable("instance", `label_values(${listedBy}{job=~"$job"}, instance)`));
  if (choice !== undefined) {
    const values = `label_values(${choice.metric}{${chosen}}, ${choice.label})`;
    builder.withVariable(variable(choice.name, values));
  }
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title));
    for (const spec of row.panels) {
      const beside = row.panels.filter(({ isStat }) => isStat === spec.isStat).length;
      builder.withPanel(panel(spec, columns / Math.min(beside, spec.isStat ? 6 : 3)));
    }
  }
  return builder.build();
}
