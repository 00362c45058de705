/** How hard a model is asked to think, in words, whichever way a client said it. Pure. */

import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import { Reasoning_Mode as ReasoningMode } from "#gen/polygate/v1/conversation_pb.js";
import type { Effort } from "./model-facts.ts";

/** Thinking budgets below these numbers of tokens stand for an effort. */
const lowBudgetTokens = 4096;
const mediumBudgetTokens = 16_000;

/** Whether it is asked to think, and not how hard: dialects that know efforts alone have no word for that. */
export function isWishAlone(request: ChatRequest): boolean {
  const mode = request.reasoning?.mode ?? ReasoningMode.UNSPECIFIED;
  return mode !== ReasoningMode.UNSPECIFIED && effortOf(request) === undefined;
}

/** The effort that is asked for, in words or by a budget. */
export function effortOf({ reasoning }: ChatRequest): Effort | undefined {
  if (reasoning === undefined) return undefined;
  if (reasoning.mode === ReasoningMode.OFF) return "none";
  if (reasoning.effort !== "") return reasoning.effort as Effort;
  const budget = reasoning.budgetTokens;
  if (budget === undefined) return undefined;
  if (budget < lowBudgetTokens) return "low";
  return budget < mediumBudgetTokens ? "medium" : "high";
}
