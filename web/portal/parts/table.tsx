/** A table that scrolls within itself, is sorted by its heads, and whose rows may be opened. */

import { type ReactNode, useState } from "react";

/** One column. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => ReactNode;
  /** Numbers stand at the right. */
  readonly isNumber?: boolean;
  /** Present: the head sorts by it, the greatest or the first first. */
  readonly sortBy?: (row: Row) => number | string;
}

interface Props<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly rowClass?: (row: Row) => string | undefined;
}

interface Sort {
  readonly head: string;
  readonly isUp: boolean;
}

function sorted<Row>({ columns, rows }: Props<Row>, sort: Sort | undefined): readonly Row[] {
  const sortBy = columns.find(({ head }) => head === sort?.head)?.sortBy;
  if (sort === undefined || sortBy === undefined) return rows;
  const sign = sort.isUp ? 1 : -1;
  return rows.toSorted((a, b) => {
    const left = sortBy(a);
    const right = sortBy(b);
    if (left === right) return 0;
    return left < right ? -sign : sign;
  });
}

/** Rows under heads. */
export function Table<Row>(props: Props<Row>) {
  const { label, columns, keyOf, rowClass } = props;
  const [sort, setSort] = useState<Sort>();
  const order = (head: string) => {
    if (sort?.head !== head) return;
    return sort.isUp ? "ascending" : "descending";
  };
  const choose = (head: string) =>
    setSort((before) => ({ head, isUp: before?.head === head ? !before.isUp : false }));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className="scroll" aria-label={`Table: ${label}`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map(({ head, isNumber, sortBy }) => (
              <th key={head} className={isNumber ? "number" : undefined} aria-sort={order(head)}>
                {sortBy === undefined ? (
                  head
                ) : (
                  <button type="button" className="head" onClick={() => choose(head)}>
                    {head}
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted(props, sort).map((row) => (
            <tr key={keyOf(row)} className={rowClass?.(row)}>
              {columns.map(({ head, cell, isNumber }) => (
                <td key={head} className={isNumber ? "number" : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
