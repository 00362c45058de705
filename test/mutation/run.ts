/**
 * Changes the source a piece at a time and looks whether a test fails: `npm run mutation -- <room>`
 * prints the room's score and the changes that no test noticed. What did not change since the last run
 * is not run again. A room that is too large goes in parts, by `--mutate` and `--tests`, or by
 * `--sample`: as many lines of all its files, which are the same each time; with `--recheck` what the
 * tests did not notice is held to all tests of the room, each of them whole.
 */

import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import { testsOfRoom } from "./rooms.ts";
import { sampleOf } from "./sample.ts";

/** Rooms with tests of their own. */
const rooms = Object.keys(testsOfRoom);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mutate: { type: "string" },
    tests: { type: "string" },
    sample: { type: "string" },
    recheck: { type: "boolean", default: false },
    force: { type: "boolean", default: false },
    concurrency: { type: "string", default: "2" },
    timeout: { type: "string", default: "5000" },
  },
});
const [room = ""] = positionals;
if (!rooms.includes(room)) {
  console.error(
    `usage: npm run mutation -- <${rooms.join("|")}> [--mutate glob,…] [--tests glob,…] [--sample lines] [--recheck] [--concurrency 2] [--timeout ms] [--force]`,
  );
  process.exit(2);
}

type Options = ConstructorParameters<typeof Stryker>[0];
type Result = Awaited<ReturnType<Stryker["runMutationTest"]>>[number];

/** Makes the changes that `options` name, and holds each to the tests of these globs. */
async function changed(tests: string | undefined, options: Options): Promise<Result[]> {
  process.env.MUTATION_TESTS = tests;
  const results = await new Stryker({
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
    concurrency: Number(values.concurrency),
    ignorePatterns: ["/.cache", "/dist", "/docs", "/bench"],
    tempDirName: join(tmpdir(), "polygate-mutation"),
    reporters: ["progress-append-only"],
    // TypeScript 7 has no program interface by which its settings could be rewritten; nothing needs it here.
    tsconfigFile: "none",
    disableTypeChecks: false,
    allowConsoleColors: false,
    // On a busy machine a shorter time would take slow tests for changes that never end.
    timeoutMS: Number(values.timeout),
    ...options,
  }).runMutationTest();
  return results;
}

function isMissed({ status }: Result): boolean {
  return status === "Survived" || status === "NoCoverage";
}

/** A change by what it is, and where. */
function nameOf({ fileName, location, mutatorName, replacement }: Result): string {
  const { line, column } = location.start;
  const file = relative(".", fileName);
  return `${file}:${line}:${column} ${mutatorName}: ${replacement ?? ""}`;
}

/** The place of a change as `mutate` has it, whose columns begin with 0. */
function placeOf({ fileName, location: { start, end } }: Result): string {
  const file = relative(".", fileName);
  return `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`;
}

/**
 * The same results, those that were missed held to all tests of the room: also to tests that do not
 * come to the changed place by themselves, since what is made there once was made for others already.
 */
async function rechecked(first: readonly Result[]): Promise<readonly Result[]> {
  const missed = first.filter(isMissed);
  if (missed.length === 0) return first;
  const again = await changed(testsOfRoom[room]?.join(","), {
    mutate: missed.map(placeOf),
    coverageAnalysis: "off",
  });
  const byName = new Map(again.map((result) => [nameOf(result), result]));
  return first.map((result) =>
    isMissed(result) ? (byName.get(nameOf(result)) ?? result) : result,
  );
}

function printScore(what: string, results: readonly Result[]): void {
  const counts = new Map<string, number>();
  for (const { status } of results) counts.set(status, (counts.get(status) ?? 0) + 1);
  const number = (status: string) => counts.get(status) ?? 0;
  const noticed = number("Killed") + number("Timeout");
  const all = noticed + number("Survived") + number("NoCoverage");
  console.log([...counts].map(([status, count]) => `${status} ${count}`).join(", "));
  console.log(`${what}: ${((100 * noticed) / all).toFixed(1)} % of ${all} changes were noticed`);
}

// What other tests noticed says nothing of these.
const suffix =
  values.tests === undefined
    ? ""
    : `-${createHash("sha256").update(values.tests).digest("hex").slice(0, 12)}`;
const wholeRoom = `src/${room}/**/*.ts`;
const sampled =
  values.sample === undefined ? undefined : sampleOf(wholeRoom, Number(values.sample));
const first = await changed(values.tests ?? testsOfRoom[room]?.join(","), {
  mutate: values.mutate?.split(",") ?? sampled ?? [wholeRoom],
  coverageAnalysis: "perTest",
  // What is computed while a module loads can be changed only by loading all anew for each change.
  ignoreStatic: true,
  incremental: true,
  force: values.force,
  incrementalFile: `.cache/mutation/${room}${suffix}.json`,
});
if (values.recheck) printScore(`${room}, before the recheck`, first);
const results = values.recheck ? await rechecked(first) : first;
for (const result of results) {
  if (isMissed(result)) console.log(`${result.status} ${nameOf(result)}`);
}
printScore(room, results);
