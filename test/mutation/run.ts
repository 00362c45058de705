/**
 * Changes the source a piece at a time and looks whether a test fails: `npm run mutation -- <room>`
 * prints the room's score and the changes that no test noticed. What did not change since the last run
 * is not run again. A room that is too large goes in parts, by `--mutate` and `--tests`.
 */

import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import { testsOfRoom } from "./rooms.ts";

/** Rooms with tests of their own. */
const rooms = Object.keys(testsOfRoom);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mutate: { type: "string" },
    tests: { type: "string" },
    force: { type: "boolean", default: false },
    concurrency: { type: "string", default: "2" },
    timeout: { type: "string", default: "5000" },
  },
});
const [room = ""] = positionals;
if (!rooms.includes(room)) {
  console.error(
    `usage: npm run mutation -- <${rooms.join("|")}> [--mutate glob,…] [--tests glob,…] [--concurrency 2] [--timeout ms] [--force]`,
  );
  process.exit(2);
}

process.env.MUTATION_TESTS = values.tests ?? testsOfRoom[room]?.join(",");
const results = await new Stryker({
  mutate: values.mutate?.split(",") ?? [`src/${room}/**/*.ts`],
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
  coverageAnalysis: "perTest",
  // What is computed while a module loads can be changed only by loading all anew for each change.
  ignoreStatic: true,
  concurrency: Number(values.concurrency),
  // What other tests noticed says nothing of these.
  incremental: values.tests === undefined,
  force: values.force,
  incrementalFile: `.cache/mutation/${room}.json`,
  ignorePatterns: ["/.cache", "/dist", "/docs", "/bench"],
  tempDirName: join(tmpdir(), "polygate-mutation"),
  reporters: ["progress-append-only"],
  // TypeScript 7 has no program interface by which its settings could be rewritten; nothing needs it here.
  tsconfigFile: "none",
  disableTypeChecks: false,
  allowConsoleColors: false,
  // On a busy machine a shorter time would take slow tests for changes that never end.
  timeoutMS: Number(values.timeout),
}).runMutationTest();
const counts = new Map<string, number>();
for (const { status } of results) counts.set(status, (counts.get(status) ?? 0) + 1);
for (const { status, fileName, location, mutatorName, replacement } of results) {
  if (status !== "Survived" && status !== "NoCoverage") continue;
  const { line, column } = location.start;
  const file = relative(".", fileName);
  console.log(`${status} ${file}:${line}:${column} ${mutatorName}: ${replacement ?? ""}`);
}
console.log([...counts].map(([status, count]) => `${status} ${count}`).join(", "));
const number = (status: string) => counts.get(status) ?? 0;
const noticed = number("Killed") + number("Timeout");
const all = noticed + number("Survived") + number("NoCoverage");
console.log(`${room}: ${((100 * noticed) / all).toFixed(1)} % of ${all} changes were noticed`);
