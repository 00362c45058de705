/**
 * Runs benchmarks and writes what they show into docs/performance.md, a suite at a time; a single
 * table is only printed. `npm run bench <all|suite|suite/table> [rounds] [seconds]`; with
 * `-- --before <another checkout>` contests are between ours and that, and only printed; with
 * `-- --install` the gateways of others that the llm suite knows are installed first.
 */

import { parseArgs } from "node:util";
import { http2Suite } from "./suites/http2.ts";
import { llmSuite } from "./suites/llm.ts";
import { predictSuite } from "./suites/predict.ts";
import { rpcSuite } from "./suites/rpc.ts";
import { workersSuite } from "./suites/workers.ts";
import type { Effort } from "./support/contest.ts";
import { installGateways } from "./support/gateways.ts";
import { PerformancePage } from "./support/page.ts";
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
    .map(([name, { title, tables }]) => ({
      name,
      title,
      isWhole: tableName === undefined,
      measures: Object.entries(tables)
        .filter(([table]) => table === tableName || tableName === undefined)
        .map(([, measure]) => measure),
    }))
    .filter(({ measures }) => measures.length > 0);
}

async function measureAll(
  measures: readonly Measure[],
  effort: Effort,
  taken: (table: Table) => void,
): Promise<void> {
  for (const measure of measures) {
    try {
      const table = await measure(effort);
      console.log(`${markdownOf(table)}\n`);
      taken(table);
    } catch (error) {
      // The other tables still count.
      console.error(error);
      process.exitCode = 1;
    }
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { before: { type: "string" }, install: { type: "boolean", default: false } },
});
const [wanted = "all", rounds = "5", seconds = "2"] = positionals;
const runs = runsOf(wanted);
if (runs.length === 0 || !(Number(rounds) >= 1) || !(Number(seconds) > 0)) {
  console.error(
    "usage: npm run bench <all|suite|suite/table> [rounds] [seconds] [--before <checkout>] [--install]",
  );
  for (const [name, { tables }] of suites) {
    console.error(`  ${name}, or one of ${name}/{${Object.keys(tables).join(",")}}`);
  }
  process.exit(2);
}

if (values.install) installGateways();
pinToLoadCore();
const effort = { rounds: Number(rounds), seconds: Number(seconds), before: values.before };
const page = new PerformancePage(new URL("../docs/performance.md", import.meta.url));
for (const { name, title, isWhole, measures } of runs) {
  const section = page.section(name, { title, effort });
  await measureAll(
    measures,
    effort,
    isWhole && values.before === undefined ? section.add : () => {},
  );
}
