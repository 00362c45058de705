/**
 * The attacker's process: runs one attack and reports what it sent and saw, so that the process which
 * measures does nothing else.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { attacks } from "./attacks.ts";
import { Target } from "./target.ts";

/** What the attacker is started with, as JSON. */
export interface Order {
  readonly attack: string;
  readonly port: number;
  readonly seconds: number;
  readonly bytesMax: number;
}

/** What an attacker has to report. */
export interface Outcome {
  readonly bytesSent: number;
  readonly seen: Readonly<Record<string, number>>;
  /** What went wrong beside memory and time. */
  readonly problem?: string | undefined;
}

/** Time for an attack to notice that it is over. */
const graceMs = 1000;

async function carryOut({ attack: name, ...options }: Order): Promise<Outcome> {
  const target = new Target(options);
  process.once("message", () => target.end());
  const attack = attacks.find((each) => each.name === name);
  if (attack === undefined) throw new Error(`there is no attack ${name}`);
  const late = new Promise<string | undefined>((resolve) => {
    target.signal.addEventListener("abort", () => sleep(graceMs).then(() => resolve(undefined)));
  });
  const problem = await Promise.race([attack.run(target), late]);
  const { bytesSent, seen } = target;
  target.end();
  return { bytesSent, seen, problem: problem ?? undefined };
}

if (import.meta.main) {
  const outcome = await carryOut(JSON.parse(process.argv[2] ?? "") as Order);
  process.send?.(outcome, () => process.exit());
}
