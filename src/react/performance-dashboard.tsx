/** `PerformanceDashboard`: what providers and models did, in tiles and tables, with their settings. */

import { type ReactNode, useId, useState } from "react";
import type { GetPerformanceResponse, ProviderStats } from "#gen/polygate/v1/stats_pb.js";
import {
  concernsOf,
  countText,
  dollarText,
  latencyText,
  percentText,
  totalsOf,
} from "./figures.ts";
import {
  type PerformanceMonitoring,
  usePerformanceMonitoring,
} from "./use-performance-monitoring.ts";

/** Props of `PerformanceDashboard`. */
export interface PerformanceDashboardProps {
  /** Milliseconds between two calls; default 30,000, 0 is by hand alone. The reader may choose another. */
  readonly autoRefreshInterval?: number;
  /** Classes of the root element, beside `pg-dashboard`. */
  readonly className?: string;
  /** The period it begins with, in hours; default 24. */
  readonly hours?: number;
}

const periods = [1, 6, 24] as const;
const intervalsMs = [0, 5_000, 30_000, 60_000] as const;

function Choice(props: {
  readonly label: string;
  readonly value: number;
  readonly values: readonly number[];
  readonly textOf: (value: number) => string;
  readonly onChoose: (value: number) => void;
}): ReactNode {
  const { label, value, values, textOf, onChoose } = props;
  const id = useId();
  const offered = [...new Set([...values, value])].toSorted((a, b) => a - b);
  return (
    <span className="pg-choice">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChoose(Number(event.target.value))}>
        {offered.map((one) => (
          <option key={one} value={one}>
            {textOf(one)}
          </option>
        ))}
      </select>
    </span>
  );
}

function Tiles({ metrics }: { readonly metrics: GetPerformanceResponse }): ReactNode {
  const { requests, avgLatencyMs, successRate, cost } = totalsOf(metrics);
  const tiles = [
    ["Requests", countText(requests)],
    ["Mean latency", latencyText(avgLatencyMs)],
    ["Success", percentText(successRate)],
    ["Cost", dollarText(cost)],
  ] as const;
  return (
    <dl className="pg-tiles">
      {tiles.map(([name, text]) => (
        <div className="pg-tile" key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

const heads = ["Requests", "Success", "Mean", "p50", "p95", "Tokens", "Cost"] as const;

function cellsOf(stats: ProviderStats): readonly string[] {
  return [
    countText(stats.totalRequests),
    percentText(stats.successRate),
    latencyText(stats.avgLatencyMs),
    latencyText(stats.p50LatencyMs),
    latencyText(stats.p95LatencyMs),
    countText(stats.totalTokens),
    dollarText(stats.totalCost),
  ];
}

function Table(props: {
  readonly caption: string;
  readonly rows: Readonly<Record<string, ProviderStats>>;
}): ReactNode {
  const rows = Object.entries(props.rows).toSorted(
    ([, one], [, other]) => other.totalRequests - one.totalRequests,
  );
  return (
    // The region scrolls where the column is narrow; with a tab index also by keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to take the focus
    <section className="pg-scroll" aria-label={props.caption} tabIndex={0}>
      <table className="pg-table">
        <caption>{props.caption}</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            {heads.map((head) => (
              <th scope="col" key={head}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, stats]) => {
            const concerns = concernsOf(stats);
            return (
              <tr key={name} className={concerns.length > 0 ? "pg-concern" : undefined}>
                <th scope="row">
                  {name}
                  {concerns.length > 0 && <span className="pg-note">{concerns.join(", ")}</span>}
                </th>
                {cellsOf(stats).map((text, at) => (
                  <td key={heads[at]}>{text}</td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** What is to be seen: nothing yet, nothing at all, or the figures. */
function Body({ metrics, isLoading, error }: PerformanceMonitoring): ReactNode {
  if (metrics === undefined) {
    if (error !== undefined && !isLoading) return null;
    return <p className="pg-empty">Loading…</p>;
  }
  if (Object.keys(metrics.providerStats).length === 0) {
    return <p className="pg-empty">No calls in this period. Send one, and it shows here.</p>;
  }
  return (
    <>
      <Tiles metrics={metrics} />
      <Table caption="Providers" rows={metrics.providerStats} />
      <Table caption="Models" rows={metrics.modelStats} />
    </>
  );
}

/** Asks the page's own gateway, or that of the `PolygateProvider` above it. Styles: `polygate/react/styles.css`. */
export function PerformanceDashboard({
  autoRefreshInterval = 30_000,
  className,
  hours: firstHours = 24,
}: PerformanceDashboardProps): ReactNode {
  const [hours, setHours] = useState(firstHours);
  const [chosenMs, setChosenMs] = useState<number>();
  const intervalMs = chosenMs ?? autoRefreshInterval;
  const monitoring = usePerformanceMonitoring(intervalMs, { hours });
  const { isLoading, error, updatedAt, refresh } = monitoring;
  const titleId = useId();
  const intervalText = (ms: number) => (ms === 0 ? "off" : `${ms / 1000} s`);
  return (
    <section
      className={["pg-dashboard", className].filter(Boolean).join(" ")}
      aria-labelledby={titleId}
      aria-busy={isLoading}
    >
      <header className="pg-head">
        <h2 id={titleId}>Performance</h2>
        <span className={error === undefined ? "pg-state" : "pg-state pg-bad"}>
          {error === undefined ? "live" : "lost"}
        </span>
        <Choice
          label="Period"
          value={hours}
          values={periods}
          textOf={(one) => `${one} h`}
          onChoose={setHours}
        />
        <Choice
          label="Refresh"
          value={intervalMs}
          values={intervalsMs}
          textOf={intervalText}
          onChoose={setChosenMs}
        />
        <button type="button" onClick={() => void refresh()} disabled={isLoading}>
          Refresh now
        </button>
      </header>
      {error !== undefined && (
        <p className="pg-error" role="alert">
          {error.message}
          {updatedAt !== undefined && ` The figures are of ${updatedAt.toLocaleTimeString()}.`}
        </p>
      )}
      <Body {...monitoring} />
    </section>
  );
}
