/** Runs benchmarks and writes what they show into docs/performance.md: `npm run bench <http2|rpc|all> [rounds] [seconds]`. */

import { http2Suite } from "./suites/http2.ts";
import { rpcSuite } from "./suites/rpc.ts";
import { PerformancePage } from "./support/page.ts";
import { pinToLoadCore } from "./support/server-process.ts";
import { markdownOf } from "./support/table.ts";

const suites = {
  http2: { title: "The HTTP/2 engine, without policy", run: http2Suite },
  rpc: { title: "The gateway with its full chain", run: rpcSuite },
} as const;
type SuiteName = keyof typeof suites;

const isSuite = (name: string): name is SuiteName => Object.hasOwn(suites, name);

const [, , wanted = "all", rounds = "5", seconds = "2"] = process.argv;
const names = wanted === "all" ? (Object.keys(suites) as SuiteName[]) : [wanted].filter(isSuite);
if (names.length === 0 || !(Number(rounds) >= 1) || !(Number(seconds) > 0)) {
  console.error("usage: npm run bench <http2|rpc|all> [rounds] [seconds]");
  process.exit(2);
}

pinToLoadCore();
const page = new PerformancePage(new URL("../docs/performance.md", import.meta.url));
const effort = { rounds: Number(rounds), seconds: Number(seconds) };
for (const name of names) {
  const { title, run } = suites[name];
  const section = page.section(name, { title, effort });
  for (const measure of run(effort)) {
    try {
      const table = await measure();
      console.log(`${markdownOf(table)}\n`);
      section.add(table);
    } catch (error) {
      // The other tables still count.
      console.error(error);
      process.exitCode = 1;
    }
  }
}
