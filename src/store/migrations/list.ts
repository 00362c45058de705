/** The migrations in their order; `npm run db:generate` writes this file from those next to it. */

import { sql as sql1 } from "./0001-history.ts";
import { sql as sql2 } from "./0002-keys.ts";
import { sql as sql3 } from "./0003-usage-by-group.ts";

/** Each is run once by a database, the number of the last one is its version. */
export const migrations: readonly { readonly name: string; readonly sql: string }[] = [
  { name: "0001-history", sql: sql1 },
  { name: "0002-keys", sql: sql2 },
  { name: "0003-usage-by-group", sql: sql3 },
];
