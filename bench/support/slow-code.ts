/** Which share of a served call's JavaScript runs in code that V8 has not optimized, once there was time to. */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { repeat, startPath } from "./call-counts.ts";
import { folder } from "./programs.ts";

/** What V8's own reading of its log gives, as far as it is used. */
interface Profile {
  readonly code: readonly {
    readonly type: string;
    readonly kind?: string;
    readonly func?: number;
  }[];
  readonly functions: readonly { readonly name: string; readonly codes: readonly number[] }[];
  /** Stacks, innermost first: pairs of code and place, as numbers. */
  readonly ticks: readonly { readonly s: readonly number[] }[];
}

/** Where time goes once code is warm. */
export interface SlowCode {
  /** Samples that lay in JavaScript. */
  readonly samples: number;
  /** Share of them in code of the interpreter or of the baseline compiler. */
  readonly share: number;
  /** The functions of those, with their samples, the worst first. */
  readonly functions: readonly (readonly [name: string, samples: number])[];
  /** Those of the functions asked for that V8 has optimized. */
  readonly optimized: readonly string[];
}

const warmUpCalls = 20_000;
/** V8's names of code that it has optimized. */
const optimized: ReadonlySet<string | undefined> = new Set(["Opt", "Maglev"]);
const profileBytesMax = 512 << 20;

/**
 * Runs calls of the hop in a process of its own, and looks at the last half of its processor time, and
 * whether functions of these names were ever optimized.
 */
export async function slowCodeOfHop(names: readonly string[]): Promise<SlowCode> {
  const log = join(folder, "v8.log");
  await using stack = new AsyncDisposableStack();
  const flags = ["--prof", `--logfile=${log}`, "--no-logfile-per-isolate"];
  const counted = await startPath("hop", flags, stack);
  await repeat(counted, warmUpCalls);
  await counted.server.stop();
  const text = execFileSync(process.execPath, ["--prof-process", "--preprocess", log], {
    maxBuffer: profileBytesMax,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return slowCodeIn(JSON.parse(text.toString()) as Profile, names);
}

/** What the last half of a profile says. */
function slowCodeIn({ code, functions, ticks }: Profile, names: readonly string[]): SlowCode {
  const slow = new Map<string, number>();
  let samples = 0;
  for (const { s: stack } of ticks.slice(Math.floor(ticks.length / 2))) {
    const top = code[stack[0] ?? -1];
    if (top?.type !== "JS") continue;
    samples += 1;
    if (optimized.has(top.kind)) continue;
    const name = functions[top.func ?? -1]?.name ?? "";
    slow.set(name, (slow.get(name) ?? 0) + 1);
  }
  const sum = [...slow.values()].reduce((all, one) => all + one, 0);
  return {
    samples,
    share: sum / samples,
    functions: [...slow].toSorted(([, one], [, other]) => other - one),
    optimized: names.filter((name) =>
      functions.some(
        (one) =>
          one.name.startsWith(`${name} `) && one.codes.some((at) => optimized.has(code[at]?.kind)),
      ),
    ),
  };
}
