/**
 * Runs benchmarks and prints their tables; those of whole suites, and with `-- --write` those of one
 * table, take the place of their last run in docs/performance.md. `npm run bench <all|suite|suite/table>
 * [rounds] [seconds]`; with `-- --before <another checkout>` contests are between ours and that, and only
 * printed; with `-- --install` the programs of others that a suite compares with are installed first.
 */

import { parseArgs } from "node:util";
import { http2Suite } from "./suites/http2.ts";
import { llmSuite } from "./suites/llm.ts";
import { predictSuite } from "./suites/predict.ts";
import { rpcSuite } from "./suites/rpc.ts";
import { workersSuite } from "./suites/workers.ts";
import type { Effort } from "./support/contest.ts";
import { writeTable } from "./support/page.ts";
import { pinToLoadCore } from "./support/server-process.ts";
import type { Measure, Suite } from "./support/suite.ts";
import { markdownOf, type Table } from "./support/table.ts";

const suites: ReadonlyMap<string, Suite> = new Map([
  ["http2", http2Suite],
  ["llm", llmSuite],
  ["predict", predictSuite],
  ["rpc", rpcSuite],
  ["workers", workersSuite],
]);

/** What a name asks for; empty when it names nothing. */
function runsOf(wanted: string) {
  const [suiteName = "", tableName] = wanted.split("/");
  return [...suites]
    .filter(([name]) => name === suiteName || wanted === "all")
    .map(([name, suite]) => ({
      name,
      ...suite,
      isWhole: tableName === undefined,
      order: Object.keys(suite.tables),
      tables: Object.entries(suite.tables).filter(
        ([table]) => table === tableName || tableName === undefined,
      ),
    }))
    .filter(({ tables }) => tables.length > 0);
}

async function measured(measure: Measure, effort: Effort): Promise<Table | undefined> {
  try {
    const table = await measure(effort);
    console.log(`${markdownOf(table)}\n`);
    return table;
  } catch (error) {
    // The other tables still count.
    console.error(error);
    process.exitCode = 1;
    return undefined;
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    before: { type: "string" },
    install: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const [wanted = "all", rounds = "5", seconds = "2"] = positionals;
const runs = runsOf(wanted);
if (runs.length === 0 || !(Number(rounds) >= 1) || !(Number(seconds) > 0)) {
  console.error(
    "usage: npm run bench <all|suite|suite/table> [rounds] [seconds] -- [--before <checkout>] [--install] [--write]",
  );
  for (const [name, { tables }] of suites) {
    console.error(`  ${name}, or one of ${name}/{${Object.keys(tables).join(",")}}`);
  }
  process.exit(2);
}

if (values.install) for (const { install } of runs) install?.();
pinToLoadCore();
const effort = { rounds: Number(rounds), seconds: Number(seconds), before: values.before };
const page = new URL("../docs/performance.md", import.meta.url);
for (const { name, title, isWhole, order, tables } of runs) {
  for (const [table, measure] of tables) {
    const began = new Date();
    const taken = await measured(measure, effort);
    if (taken === undefined || values.before !== undefined || !(isWhole || values.write)) continue;
    const suite = { name, title, tables: order };
    writeTable(page, { suite, name: table, table: taken, effort, began });
  }
}
