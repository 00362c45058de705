/**
 * Attacks a gateway in every known way and measures what becomes of it: memory, processor time, how
 * long another client waits. `npm run soak -- [names] [--seconds 20] [--built]`; each attack has a
 * fresh gateway. Fails when one makes the gateway die, grow or keep others waiting beyond the bounds;
 * an attack that is beyond them once is measured twice more, and most of the three count.
 */

import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { markdownOf } from "../../bench/support/table.ts";
import type { Attack } from "./attack.ts";
import type { Order, Outcome } from "./attacker.ts";
import { attacks } from "./attacks.ts";
import { Bystander } from "./bystander.ts";
import { type GatewayProcess, startGateway } from "./gateway.ts";
import { columns, type Measurement, rowOf, sightsOf, verdictOf } from "./verdict.ts";

const sampleMs = 100;
const idleMs = 500;
const recoveryMs = 1000;
/** Bytes that one attack may send. */
const bytesMax = 4e9;
/** Time for bodies to be made before an attack begins, and for its outcome to be reported. */
const attackerGraceMs = 40_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "20" },
    built: { type: "boolean", default: false },
  },
});
const seconds = Math.min(30, Number(values.seconds));
const wanted = attacks.filter(
  ({ name }) => positionals.length === 0 || positionals.some((each) => name.startsWith(each)),
);
if (wanted.length === 0 || !(seconds > 0)) {
  console.error("usage: npm run soak -- [names or their beginnings] [--seconds 1…30] [--built]");
  for (const { name, about } of attacks) console.error(`  ${name.padEnd(28)} ${about}`);
  process.exit(2);
}

/** Resolves with the attacker's report; undefined when it has none. */
async function outcomeOf(attacker: ChildProcess): Promise<Outcome | undefined> {
  const { promise, resolve } = Promise.withResolvers<Outcome | undefined>();
  const overdue = setTimeout(() => attacker.kill("SIGKILL"), 1000 * seconds + attackerGraceMs);
  attacker.once("message", (outcome) => resolve(outcome as Outcome));
  attacker.once("close", () => resolve(undefined));
  const outcome = await promise;
  clearTimeout(overdue);
  return outcome;
}

/** What a gateway used until `work` was done. */
interface Usage {
  readonly peakBytes: number;
  readonly cpuSeconds: number;
}

/** Samples the gateway until `work` is done; ends the attack when the gateway dies. */
async function usageDuring(
  gateway: GatewayProcess,
  attacker: ChildProcess,
  work: Promise<unknown>,
): Promise<Usage> {
  const beganSeconds = gateway.cpuSeconds();
  let peakBytes = 0;
  let lastSeconds = beganSeconds;
  const done = work.then(() => true);
  let isDone = false;
  while (!isDone) {
    peakBytes = Math.max(peakBytes, gateway.residentBytes());
    lastSeconds = Math.max(lastSeconds, gateway.cpuSeconds());
    if (gateway.death !== undefined && attacker.connected) attacker.send("stop");
    isDone = await Promise.race([done, sleep(sampleMs, false)]);
  }
  return { peakBytes, cpuSeconds: lastSeconds - beganSeconds };
}

async function measure(attack: Attack): Promise<Measurement> {
  const { yaml, logIsUnread } = attack;
  await using gateway = await startGateway({ yaml, logIsUnread, isBuilt: values.built });
  await using bystander = new Bystander(gateway, attack.asksAnew ?? false);
  await sleep(idleMs);
  const idleWaitMs = bystander.longestMs;
  bystander.reset();
  const beforeBytes = gateway.residentBytes();
  const order: Order = { attack: attack.name, port: gateway.port, seconds, bytesMax };
  const attacker = fork(new URL("attacker.ts", import.meta.url), [JSON.stringify(order)], {
    execArgv: ["-C", "source"],
  });
  const reported = outcomeOf(attacker);
  const usage = await usageDuring(gateway, attacker, reported);
  const outcome = await reported;
  const { longestMs } = bystander;
  await sleep(recoveryMs);
  const { death } = gateway;
  return {
    attack: attack.name,
    bytesSent: outcome?.bytesSent ?? 0,
    seen: outcome?.seen ?? {},
    beforeBytes,
    afterBytes: gateway.residentBytes(),
    ...usage,
    idleWaitMs,
    waitMs: Math.max(longestMs, bystander.longestMs),
    death,
    problem: outcome === undefined ? "the attacker did not report" : outcome.problem,
  };
}

const measurements: Measurement[] = [];
let failed = 0;
for (const attack of wanted) {
  const ofAttack: Measurement[] = [];
  while (verdictOf(ofAttack) === undefined) {
    const measurement = await measure(attack);
    ofAttack.push(measurement);
    console.log(rowOf(measurement).join(" | "));
    console.log(`  ${sightsOf(measurement)}`);
  }
  measurements.push(...ofAttack);
  if (verdictOf(ofAttack) === false) failed += 1;
}
const rows = measurements.map(rowOf);
// Waits mean little where others want the processors, too.
const load = `load average ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} processors`;
console.log(`\n${markdownOf({ title: `Attacks of ${seconds} s, ${load}`, columns, rows })}`);
console.log(`${wanted.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
