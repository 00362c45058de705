/** How Anthropic's models are told to think, by what each takes. Pure. */

import type { Target } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { type Effort, nearestEffort } from "#dialects/model-facts.ts";
import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import {
  Reasoning_Mode as Mode,
  Reasoning_Show as Show,
} from "#gen/polygate/v1/conversation_pb.js";

/** What the request decides beside its wish to think. */
export interface ThinkingFacts {
  readonly maxTokens: number;
  /** Some tool must be called, which thinking by a budget does not go with. */
  readonly isForced: boolean;
  readonly dropped: string[];
}

/** What is written of it. */
export interface WrittenThinking {
  readonly thinking?: Json;
  readonly effort?: Effort;
  /** Thinking by a budget: temperature and its like are refused then. */
  readonly hasBudget: boolean;
}

const none: WrittenThinking = { hasBudget: false };
/** Anthropic has no less than low. */
const scale: readonly Effort[] = ["low", "medium", "high", "xhigh", "max"];
const budgets: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 2048,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 32_000,
  max: 32_000,
};
const budgetMin = 1024;

/** Thinking by a budget below the bound on tokens to write. */
function byBudget(
  wanted: number,
  { maxTokens, isForced, dropped }: ThinkingFacts,
): WrittenThinking {
  const budget = Math.min(wanted, maxTokens - 1);
  if (budget <= budgetMin || isForced) {
    dropped.push("reasoning_effort");
    return none;
  }
  return { thinking: { type: "enabled", budget_tokens: budget }, hasBudget: true };
}

/** `thinking` and `output_config.effort` of a request. */
export function thinkingOf(
  { reasoning }: ChatRequest,
  { facts: model }: Target,
  facts: ThinkingFacts,
): WrittenThinking {
  if (reasoning === undefined) return none;
  const { mode, effort, budgetTokens } = reasoning;
  const isOff = mode === Mode.OFF || effort === "none";
  const efforts = scale.filter((step) => model.efforts.includes(step));
  const wanted = (effort === "" ? "medium" : effort) as Effort;
  switch (model.thinking) {
    case "none":
      if (!isOff) facts.dropped.push("reasoning_effort");
      return none;
    case "manual":
    case "budget":
    case "level":
      if (isOff) return { thinking: { type: "disabled" }, hasBudget: false };
      return byBudget(budgetTokens ?? budgets[wanted], facts);
    case "always": {
      if (isOff) facts.dropped.push("reasoning_effort");
      const lowest = nearestEffort("low", efforts);
      const taken = isOff ? lowest : effort === "" ? undefined : nearestEffort(wanted, efforts);
      return taken === undefined ? none : { effort: taken, hasBudget: false };
    }
    case "adaptive": {
      if (isOff) return { thinking: { type: "disabled" }, hasBudget: false };
      const taken = effort === "" ? undefined : nearestEffort(wanted, efforts);
      const display = reasoning.show === Show.NONE ? "omitted" : "summarized";
      return {
        thinking: { type: "adaptive", display },
        ...(taken === undefined ? {} : { effort: taken }),
        hasBudget: false,
      };
    }
  }
}
