/** Hooks as they are configured, ready to be asked. */

import { DecisionReader } from "./decision.ts";
import { Hook, type HookDeps } from "./hook.ts";
import type { HookSettings } from "./hook-settings.ts";
import { Hooks } from "./hooks.ts";
import { HttpJudge } from "./http-judge.ts";
import type { Judge } from "./judge.ts";
import { HookModuleError, loadHookModule, ModuleJudge } from "./module-judge.ts";

async function judgeOf(
  { source, timeoutMs, phases = [] }: HookSettings,
  reader: DecisionReader,
): Promise<Judge> {
  if (source.kind === "http") return new HttpJudge({ ...source, timeoutMs }, reader);
  const judge = new ModuleJudge(await loadHookModule(source.path), reader);
  const missing = phases.find((phase) => !judge.phases.includes(phase));
  if (missing === undefined) return judge;
  throw new HookModuleError(`${source.path}: its default export has no ${missing}`);
}

/** A problem of a hook, by its name. */
function named(name: string, thrown: unknown): Error {
  return new Error(`hook ${name}: ${(thrown as Error).message}`, { cause: thrown });
}

/** Loads and opens all hooks. Rejects with the first that cannot be, by its name. */
export async function openHooks(all: readonly HookSettings[], deps: HookDeps): Promise<Hooks> {
  const reader = new DecisionReader();
  const hooks: Hook[] = [];
  for (const settings of all) {
    const judge = await judgeOf(settings, reader).catch((thrown: unknown) => {
      throw named(settings.name, thrown);
    });
    hooks.push(new Hook(settings, judge, deps));
  }
  return new Hooks(hooks, deps.clock);
}

/** What keeps hooks from being opened, each by its name; empty when all can be. Modules are loaded for it. */
export async function hookProblems(all: readonly HookSettings[]): Promise<string[]> {
  const reader = new DecisionReader();
  const problems: string[] = [];
  for (const settings of all) {
    try {
      await using _judge = await judgeOf(settings, reader);
    } catch (thrown) {
      problems.push(named(settings.name, thrown).message);
    }
  }
  return problems;
}
