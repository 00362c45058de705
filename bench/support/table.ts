/** A table of results and its Markdown. */

/** Rows of cells under their columns. */
export interface Table {
  readonly title: string;
  /** What a reader must know of it. */
  readonly note?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The table as a section of a page, columns aligned; `facts` tell how it was measured. */
export function markdownOf({ title, note, columns, rows }: Table, facts?: string): string {
  const widths = columns.map((column, index) =>
    Math.max(3, column.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, index) => padded(cells[index] ?? "", width, index)).join(" | ")} |`;
  const rule = `| ${widths.map((width, index) => (index < 2 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  const table = [line(columns), rule, ...rows.map(line)].join("\n");
  const about = [note, facts].filter((text) => text !== undefined);
  return [`### ${title}`, ...about, table].join("\n\n");
}

function padded(text: string, width: number, index: number): string {
  return index < 2 ? text.padEnd(width) : text.padStart(width);
}
