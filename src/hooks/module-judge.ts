/** Hooks that are modules of this process: loaded once, asked with copies. */

import { pathToFileURL } from "node:url";
import { clone } from "@bufbuild/protobuf";
import {
  type ChatRequest,
  ChatRequestSchema,
  type ChatResponse,
  ChatResponseSchema,
} from "#gen/polygate/v1/chat_pb.js";
import type { HookContext } from "#gen/polygate/v1/hooks_pb.js";
import type { DecisionReader } from "./decision.ts";
import type { Phase } from "./hook-settings.ts";
import type { Judge, Question } from "./judge.ts";

/** Whose chat it is, and when no one waits for the decision any more. */
type ModuleContext = Pick<HookContext, "principal" | "surface" | "model" | "requestId"> & {
  readonly signal: AbortSignal;
};

/** What the default export of a module may have. */
interface HookModule {
  before?(request: ChatRequest, context: ModuleContext): unknown;
  after?(request: ChatRequest, response: ChatResponse, context: ModuleContext): unknown;
}

/** A module cannot be a hook; the text says why. */
export class HookModuleError extends Error {
  override readonly name = "HookModuleError";
}

/** The default export of the module at `path`. Rejects with HookModuleError. */
export async function loadHookModule(path: string): Promise<HookModule> {
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(path).href);
  } catch (thrown) {
    const told = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    throw new HookModuleError(`${path} cannot be loaded: ${told}`, { cause: thrown });
  }
  const hook = module.default;
  if (typeof hook !== "object" || hook === null) {
    throw new HookModuleError(`${path} has no default export with before or after`);
  }
  if (phasesOf(hook).length === 0) {
    throw new HookModuleError(`${path}: its default export has neither before nor after`);
  }
  return hook;
}

function phasesOf(hook: HookModule): readonly Phase[] {
  return (["before", "after"] as const).filter((phase) => typeof hook[phase] === "function");
}

/** Asks a module. */
export class ModuleJudge implements Judge {
  readonly phases: readonly Phase[];
  readonly #hook: HookModule;
  readonly #reader: DecisionReader;

  constructor(hook: HookModule, reader: DecisionReader) {
    this.phases = phasesOf(hook);
    this.#hook = hook;
    this.#reader = reader;
  }

  async ask(question: Question, signal: AbortSignal) {
    const { principal, surface, model, requestId } = question.context;
    const context = { principal, surface, model, requestId, signal };
    // Copies: what a module does to its own is no one else's business.
    const request = clone(ChatRequestSchema, question.request);
    const returned =
      question.response === undefined
        ? this.#hook.before?.(request, context)
        : this.#hook.after?.(request, clone(ChatResponseSchema, question.response), context);
    return this.#reader.ofModule(await returned);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
