/** Lines over time, drawn by uPlot; the same as a table for those who do not see it. */

import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import UPlot, { type AlignedData } from "uplot";
import { useStore } from "#web/data/store.ts";
import { theme } from "#web/shell/theme.ts";
import "uplot/dist/uPlot.min.css";
import "#web/styles/chart.css";

/** One line. */
export interface Line {
  readonly name: string;
  /** A value per moment; null where there is none. */
  readonly values: readonly (number | null)[];
}

interface Props {
  readonly title: string;
  /** Moments in seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
}

const heightPx = 180;
const axisPx = { x: 28, y: 56 };
/** How many colours there are; further lines begin again. */
const colours = 6;

const colourName = (index: number) => `--line-${(index % colours) + 1}`;

/** How times are written, by the seconds between two of them. */
const timeWords = [
  [86_400, "{D} {MMM}"],
  [60, "{HH}:{mm}"],
  [1, "{HH}:{mm}:{ss}"],
].map(([step, text]) => [step, text, null, null, null, null, null, null, 1]) as UPlot.Axis.Values;

/** Values without neighbours are no line, and are drawn as points. */
function lonely({ data }: UPlot, line: number): number[] {
  const values = Array.from(data[line] ?? []);
  return values.flatMap((value, at) =>
    typeof value === "number" && values[at - 1] == null && values[at + 1] == null ? [at] : [],
  );
}

function dataOf({ times, lines }: Props): AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}

/** Draws into `host`; colours are those of the theme at this moment. */
function plotOf(host: HTMLElement, props: Props, onCursor: (index: number | null) => void): UPlot {
  const style = getComputedStyle(host);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--chart-dim"),
    grid: { stroke: colour("--chart-line"), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
  };
  const options: UPlot.Options = {
    width: Math.max(host.clientWidth, 100),
    height: heightPx,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "charts" }, y: false, points: { size: 6 } },
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, size: axisPx.x, values: timeWords },
      { ...axis, size: axisPx.y, values: (_, ticks) => ticks.map(props.format) },
    ],
    series: [
      {},
      ...props.lines.map((line, index) => ({
        label: line.name,
        stroke: colour(colourName(index)),
        width: 1.5,
        points: { show: true, size: 5, filter: lonely },
      })),
    ],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
  };
  return new UPlot(options, dataOf(props), host);
}

function lastOf({ values }: Line): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

/** Whether the system shows dark colours; changes make charts be drawn again. */
function useSystemDark(): boolean {
  const [query] = useState(() => matchMedia("(prefers-color-scheme: dark)"));
  const [isDark, setIsDark] = useState(query.matches);
  useEffect(() => {
    const change = () => setIsDark(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, [query]);
  return isDark;
}

function usePlot(props: Props, onCursor: (index: number | null) => void) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const chosen = useStore(theme);
  const isDark = useSystemDark();
  const names = props.lines.map(({ name }) => name).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: other lines and other colours make another plot
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const made = plotOf(element, latest.current, onCursor);
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: Math.max(element.clientWidth, 100), height: heightPx }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [names, chosen, isDark, onCursor]);
  useEffect(() => plot.current?.setData(dataOf(props)), [props]);
  return { host, plot };
}

function DataTable({ title, times, lines, format }: Props) {
  const clock = new Intl.DateTimeFormat("en-GB", { dateStyle: "short", timeStyle: "short" });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className="scroll chart-table" aria-label={`${title}, as a table`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th>Time</th>
            {lines.map(({ name }) => (
              <th key={name} className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((time, index) => (
            <tr key={time}>
              <td>{clock.format(time * 1000)}</td>
              {lines.map(({ name, values }) => (
                <td key={name} className="number">
                  {typeof values[index] === "number" ? format(values[index]) : "–"}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** A chart with its legend, which has the values at the cursor, else the latest. */
export function Chart(props: Props) {
  const { title, lines, times, format } = props;
  const [cursor, setCursor] = useState<number | null>(null);
  const [isTable, setIsTable] = useState(false);
  const { host, plot } = usePlot(props, setCursor);
  const shownOf = (line: Line) => (cursor === null ? lastOf(line) : (line.values[cursor] ?? null));
  const words = (line: Line) => {
    const value = shownOf(line);
    return value === null ? "–" : format(value);
  };
  const move = ({ key }: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    const time =
      step && times[Math.min(Math.max((cursor ?? times.length) + step, 0), times.length - 1)];
    if (time === undefined || time === 0 || plot.current === undefined) return;
    plot.current.setCursor({ left: plot.current.valToPos(time, "x"), top: 10 });
  };
  const latest = lines.map((line) => `${line.name} ${words(line)}`).join(", ");
  return (
    <section className="panel chart" aria-label={title}>
      <div className="panel-head">
        <h2>{title}</h2>
        {cursor !== null && times[cursor] !== undefined && (
          <time className="small">{new Date(times[cursor] * 1000).toLocaleString("en-GB")}</time>
        )}
      </div>
      <div
        ref={host}
        role="img"
        aria-label={`${title}: ${latest}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move its cursor
        tabIndex={0}
        onKeyDown={move}
        className="plot"
      />
      <ul className="legend">
        {lines.map((line, index) => (
          <li key={line.name}>
            <i style={{ background: `var(${colourName(index)})` }} />
            {line.name} <b>{words(line)}</b>
          </li>
        ))}
      </ul>
      <details onToggle={({ currentTarget }) => setIsTable(currentTarget.open)}>
        <summary>As a table</summary>
        {isTable && <DataTable {...props} />}
      </details>
    </section>
  );
}
