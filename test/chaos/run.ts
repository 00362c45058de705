/**
 * Breaks things around a gateway that serves: `npm run chaos` lists the scenarios, `npm run chaos -- N`
 * runs one, `npm run chaos -- all --short --built` all of them, in seconds, from what was built.
 * `--rate 0.2` is a fifth of the load, for a machine that has other work. Scenarios that measure no
 * times run beside one another, before the others. Exits with 0 when all passed, 1 when one failed, 3
 * when nothing was shown. In a list of several, a skipped one is told and counted, and fails nothing.
 */

import { parseArgs } from "node:util";
import { Report } from "./report.ts";
import { type Mode, type Scenario, Skipped } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";

/** Most runs of a scenario whose figures other work on the machine may have spoilt. */
const runsMax = 3;
/** Scenarios that run beside one another. */
const besideMax = 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean", default: false },
    built: { type: "boolean", default: false },
    rate: { type: "string", default: "1" },
  },
});
const mode: Mode = { isShort: values.short, isBuilt: values.built, rate: Number(values.rate) };

type Outcome = "passed" | "failed" | "skipped";

type Say = (line: string) => void;

async function runOnce(scenario: Scenario, say: Say): Promise<Report | Skipped> {
  const report = new Report(mode, say);
  try {
    await scenario.run(report);
  } catch (thrown) {
    if (thrown instanceof Skipped) return thrown;
    report.claim("runs to its end", thrown instanceof Error ? (thrown.stack ?? "") : "", false);
  }
  return report;
}

/** Where only times failed, most of three runs decide; anything else that fails, fails at once. */
async function outcomeOf(scenario: Scenario, say: Say): Promise<Outcome> {
  let good = 0;
  let bad = 0;
  while (good <= bad && bad < (runsMax + 1) / 2) {
    const report = await runOnce(scenario, say);
    if (report instanceof Skipped) {
      say(`  skipped: ${report.message}`);
      return "skipped";
    }
    if (report.isBroken()) return "failed";
    if (report.holds()) good += 1;
    else bad += 1;
    if (!report.holds()) say("  times were missed: measured again");
  }
  return good > bad ? "passed" : "failed";
}

async function runTold(scenario: Scenario, say: Say): Promise<Outcome> {
  const startedMs = performance.now();
  say(`\n${scenario.number}. ${scenario.name}`);
  say(`  passes when: ${scenario.passesWhen}`);
  const outcome = await outcomeOf(scenario, say);
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  say(`  ${outcome === "failed" ? "FAIL failed" : outcome}, ${seconds} s`);
  return outcome;
}

/** Runs some beside one another; what each says is told when it has ended. */
async function runBeside(wanted: readonly Scenario[]): Promise<readonly Outcome[]> {
  const left = wanted.values();
  const outcomes: Outcome[] = [];
  const one = async () => {
    for (const scenario of left) {
      const lines: string[] = [];
      outcomes.push(await runTold(scenario, (line) => lines.push(line)));
      console.log(lines.join("\n"));
    }
  };
  await Promise.all(Array.from({ length: besideMax }, one));
  return outcomes;
}

async function run(wanted: readonly Scenario[]): Promise<Record<Outcome, number>> {
  const untimed = wanted.filter(({ isTimed }) => !isTimed);
  const beside = untimed.length > 1 ? untimed : [];
  const outcomes = [...(await runBeside(beside))];
  for (const scenario of wanted) {
    if (!beside.includes(scenario)) outcomes.push(await runTold(scenario, console.log));
  }
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const outcome of outcomes) counts[outcome] += 1;
  return counts;
}

const wanted = positionals.includes("all")
  ? scenarios
  : scenarios.filter(({ number }) => positionals.includes(number));
if (wanted.length === 0 || !(mode.rate > 0 && mode.rate <= 1)) {
  console.log("usage: npm run chaos -- <numbers, or all> [--short] [--built] [--rate 0…1]\n");
  for (const { number, name, passesWhen } of scenarios) {
    console.log(`${number.padStart(3)}  ${name}\n     passes when: ${passesWhen}`);
  }
  process.exitCode = positionals.length === 0 ? 0 : 2;
} else {
  const { passed, failed, skipped } = await run(wanted);
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  // A single one that was skipped has shown nothing.
  if (failed > 0) process.exitCode = 1;
  else if (passed === 0) process.exitCode = 3;
}
