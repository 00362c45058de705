/** Writes the boards into `deploy/grafana/dashboards`: `npm run dashboards`. */

import { mkdirSync, writeFileSync } from "node:fs";
import { boards } from "./boards.ts";
import { board } from "./panels.ts";

const folder = new URL("../dashboards/", import.meta.url);
mkdirSync(folder, { recursive: true });
for (const spec of boards) {
  const text = `${JSON.stringify(board(spec), null, 2)}\n`;
  writeFileSync(new URL(`polygate-${spec.name}.json`, folder), text);
}
