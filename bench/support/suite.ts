/** What a suite of benchmarks is: its tables by the names they are asked for. */

import type { Effort } from "./contest.ts";
import type { Table } from "./table.ts";

/** Measures what one table shows. */
export type Measure = (effort: Effort) => Promise<Table>;

/** Tables that make one section of the page, in this order. */
export interface Suite {
  readonly title: string;
  readonly tables: Readonly<Record<string, Measure>>;
}
