/** What a suite of benchmarks is: its tables by the names they are asked for. */

import type { Effort } from "./contest.ts";
import type { Table } from "./table.ts";

/** Measures what one table shows. */
export type Measure = (effort: Effort) => Promise<Table>;

/** Tables that make one section of the page, in this order. */
export interface Suite {
  readonly title: string;
  /** Installs programs of others that it compares with, those that are missing; it may take minutes. */
  readonly install?: () => void;
  readonly tables: Readonly<Record<string, Measure>>;
}
