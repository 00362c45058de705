/** One frame of `polygate top`: the lines that fit the terminal. Pure. */

import { dollarText, durationText, msText, percentText, rateText } from "#terminal/figures.ts";
import { textTable } from "#terminal/text-table.ts";
import type { Rates, TopReading } from "./top-rates.ts";

/** What a line is, for its colour. */
export type LineKind = "title" | "head" | "bad" | "plain";

/** A line, and what it is. */
export interface FrameLine {
  readonly text: string;
  readonly kind: LineKind;
}

/** Seed of the alerts: more failures than this are shown as bad. */
const errorShareBad = 0.05;

const heads = ["CALLS/S", "ERRORS", "ACTIVE", "P50", "P95", "P99", "TOKENS/S", "COST", "CALLS"];
const right = new Set(heads.map((_head, at) => at + 1));

function cellsOf(one: Rates): readonly string[] {
  return [
    one.name.replace(/^polygate\.v1\./, ""),
    rateText(one.calls_per_second),
    percentText(one.error_share),
    String(one.in_flight),
    msText(one.p50_ms),
    msText(one.p95_ms),
    msText(one.p99_ms),
    rateText(one.tokens_per_second),
    dollarText(one.cost),
    String(one.calls),
  ];
}

/** Columns that a narrow terminal goes without, the first of them first. */
const spared = ["TOKENS/S", "COST", "P95", "CALLS", "ACTIVE"];

/** Rows of cells in columns, without those that do not fit the terminal. */
function fitting(rows: readonly (readonly string[])[], columns: number | undefined): string[] {
  for (let spare = 0; ; spare += 1) {
    const left = new Set(spared.slice(0, spare));
    const isShown = (at: number) => !left.has(["", ...heads][at] ?? "");
    const shown = rows.map((row) => row.filter((_cell, at) => isShown(at)));
    const [, ...lines] = textTable(
      ["", ...heads].filter((_head, at) => isShown(at)),
      shown,
      {
        right,
      },
    ).split("\n");
    const isWide = columns !== undefined && lines.some((line) => line.length > columns);
    if (!isWide || spare === spared.length) return lines;
  }
}

/** What is to be shown, and on what. */
interface FrameFacts {
  readonly url: string;
  readonly note: string;
  readonly rows: number;
  /** Of the terminal; absent: lines are as long as they are. */
  readonly columns: number | undefined;
}

/** The tables share their columns, so that they stand beneath each other. */
function tables(
  reading: TopReading,
  rowsEach: number,
  columns: number | undefined,
): readonly FrameLine[] {
  const parts = [
    ["PROVIDER", reading.backends],
    ["MODEL", reading.models],
    ["METHOD", reading.methods],
  ] as const;
  const shown = parts.map(([name, list]) => [name, list.slice(0, rowsEach)] as const);
  const rows = shown.flatMap(([name, list]) => [[name, ...heads], ...list.map(cellsOf)]);
  const lines = fitting(rows, columns);
  const sources = shown.flatMap(([, list]) => ["head" as const, ...list]);
  return lines.flatMap((text, at): readonly FrameLine[] => {
    const source = sources[at];
    if (source === "head") {
      return [
        { text: "", kind: "plain" },
        { text, kind: "head" },
      ];
    }
    const isBad = source !== undefined && source.error_share > errorShareBad;
    return [{ text, kind: isBad ? "bad" : "plain" }];
  });
}

/** The lines of a reading, for a terminal of so many rows. `note` says what else is to be known. */
export function frameOf(reading: TopReading, facts: FrameFacts): readonly FrameLine[] {
  const { all } = reading;
  const title = [
    `polygate ${reading.version} at ${facts.url}`,
    `up ${durationText(reading.uptime_seconds)}`,
    `${Math.round(reading.rss_bytes / 1e6)} MB`,
    facts.note,
  ];
  const sums = [
    `${rateText(all.calls_per_second)} calls/s`,
    `${percentText(all.error_share)} errors`,
    `${all.in_flight} active`,
    `p50 ${msText(all.p50_ms)}`,
    `p95 ${msText(all.p95_ms)}`,
    `p99 ${msText(all.p99_ms)}`,
    dollarText(all.cost),
  ];
  // Two lines on top; each table has a gap and a head.
  const rowsEach = Math.max(1, Math.floor((facts.rows - 2 - 3 * 2) / 3));
  return [
    { text: title.filter((text) => text !== "").join(", "), kind: "title" },
    { text: sums.join("   "), kind: all.error_share > errorShareBad ? "bad" : "plain" },
    ...tables(reading, rowsEach, facts.columns),
  ];
}
