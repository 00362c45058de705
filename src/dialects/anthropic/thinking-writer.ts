/** How Anthropic's models are asked to think, by what each takes. Pure. */

import type { Target } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { type Effort, type ModelFacts, nearestEffort } from "#dialects/model-facts.ts";
import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import {
  Reasoning_Mode as Mode,
  type Reasoning,
  Reasoning_Show as Show,
} from "#gen/polygate/v1/conversation_pb.js";

/** What the request decides besides its wish to think. */
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

/** A wish to think in the terms of one kind of model. */
interface Wish {
  /** Not at all. */
  readonly isOff: boolean;
  /** The effort of the model's own scale; undefined when none was asked for. */
  readonly effort?: Effort | undefined;
  readonly reasoning: Reasoning;
  readonly scale: readonly Effort[];
}

const disabled: WrittenThinking = { thinking: { type: "disabled" }, hasBudget: false };

const writers: Readonly<
  Record<ModelFacts["thinking"], (wish: Wish, facts: ThinkingFacts) => WrittenThinking>
> = {
  none({ isOff }, { dropped }) {
    if (!isOff) dropped.push("reasoning_effort");
    return none;
  },
  always({ isOff, effort, reasoning, scale: own }, { dropped }) {
    if (isOff) dropped.push("reasoning_effort");
    if (isShowSaid(reasoning)) dropped.push("reasoning_summary");
    const taken = isOff ? nearestEffort("low", own) : effort;
    return taken === undefined ? none : { effort: taken, hasBudget: false };
  },
  adaptive({ isOff, effort, reasoning }) {
    if (isOff) return disabled;
    const display = reasoning.show === Show.NONE ? "omitted" : "summarized";
    const thinking = { type: "adaptive", display };
    return effort === undefined
      ? { thinking, hasBudget: false }
      : { thinking, effort, hasBudget: false };
  },
  manual: writeBudget,
  budget: writeBudget,
  level: writeBudget,
};

/** It is said whether its thoughts are shown. */
function isShowSaid({ show }: Reasoning): boolean {
  return show !== Show.UNSPECIFIED;
}

function writeBudget({ isOff, reasoning }: Wish, facts: ThinkingFacts): WrittenThinking {
  if (isOff) return disabled;
  if (isShowSaid(reasoning)) facts.dropped.push("reasoning_summary");
  const effort = (reasoning.effort === "" ? "medium" : reasoning.effort) as Effort;
  return byBudget(reasoning.budgetTokens ?? budgets[effort], facts);
}

/** `thinking` and `output_config.effort` of a request. */
export function thinkingOf(
  { reasoning }: ChatRequest,
  { facts: model }: Target,
  facts: ThinkingFacts,
): WrittenThinking {
  if (reasoning === undefined) return none;
  const own = scale.filter((step) => model.efforts.includes(step));
  const isOff = reasoning.mode === Mode.OFF || reasoning.effort === "none";
  const isTold = !isOff && reasoning.effort !== "";
  const effort = isTold ? nearestEffort(reasoning.effort as Effort, own) : undefined;
  if (isTold && effort !== reasoning.effort && model.thinking !== "none") {
    facts.dropped.push("reasoning_effort");
  }
  return writers[model.thinking]({ isOff, effort, reasoning, scale: own }, facts);
}
