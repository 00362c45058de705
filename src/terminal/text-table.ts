/** Columns for a terminal, as wide as their widest cell. Pure. */

import stringWidth from "string-width";
import { folded } from "./folded-text.ts";

/** Columns between two cells. */
const gapColumns = 2;

/** How the heads of a table are written; as they are when absent. */
export interface TableStyle {
  readonly head?: (text: string) => string;
  /** Columns whose cells stand at the right. */
  readonly right?: ReadonlySet<number>;
  /** Columns of the terminal that it is for; absent: it is as wide as it is. */
  readonly columns?: number | undefined;
}

/**
 * A text of somebody else's without what a terminal would obey: controls, ends of lines, and what turns
 * the direction of text around, by which a cell would show as another than it is.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, "\ufffd");
}

/** Somebody else's text of several lines: as `printable`, but its lines and tabs stay. */
export function printableLines(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, "\ufffd");
}

/**
 * A line of heads, then one for each row. What is wider than its terminal becomes a block for each row, with
 * a line for each cell: nothing is cut off, and what is to be copied stays in one piece.
 */
export function textTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  { head = (text) => text, right = new Set(), columns }: TableStyle = {},
): string {
  const cells = rows.map((row) => row.map(printable));
  const widths = heads.map((name, at) =>
    Math.max(name.length, ...cells.map((row) => stringWidth(row[at] ?? ""))),
  );
  const width = widths.reduce((sum, one) => sum + one + gapColumns, -gapColumns);
  if (columns !== undefined && width > columns) return textBlocks(heads, cells, { head, columns });
  const lineOf = (row: readonly string[]) =>
    row
      .map((cell, at) => {
        const gap = " ".repeat(Math.max(0, (widths[at] ?? 0) - stringWidth(cell)));
        return right.has(at) ? gap + cell : cell + gap;
      })
      .join("  ")
      .trimEnd();
  const [first = "", ...others] = [heads, ...cells].map(lineOf);
  return [head(first), ...others].join("\n");
}

/** A block for each row: head and cell, line by line. */
function textBlocks(
  heads: readonly string[],
  cells: readonly (readonly string[])[],
  { head, columns }: { readonly head: (text: string) => string; readonly columns: number },
): string {
  const width = Math.max(...heads.map((name) => name.length)) + gapColumns;
  const lineOf = (name: string, cell: string) => {
    const [first = "", ...others] = folded(`${" ".repeat(width)}${cell}`, columns).split("\n");
    return [head(name) + first.slice(name.length), ...others].join("\n").trimEnd();
  };
  const blockOf = (row: readonly string[]) =>
    heads.flatMap((name, at) => (row[at] ? [lineOf(name, row[at])] : [])).join("\n");
  return cells.map(blockOf).join("\n\n");
}

/** The text, no wider than `columns`: what is beyond is left out, with a mark. */
export function clipped(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let kept = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(kept + segment) >= columns) break;
    kept += segment;
  }
  return `${kept}…`;
}
