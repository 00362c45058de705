/** What a call costs by the provider's prices: whole picodollars, so that sums do not drift. Pure. */

import type { Usage } from "#gen/polygate/v1/conversation_pb.js";
import { uncachedTokensOf } from "./usage.ts";

/** US dollars per million tokens, by kind. A kind that is absent costs what its kind in general does. */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWriteLong?: number;
  readonly audioInput?: number;
  readonly audioOutput?: number;
  /** From so many tokens read on, these hold for the whole call. */
  readonly above?: { readonly promptTokens: number; readonly price: Omit<Price, "above"> };
}

/** A dollar per million tokens is a million picodollars per token. */
const picodollarsPerToken = 1e6;
const picodollarsPerDollar = 1e12;

/** The prices that hold for a call of this size. */
function tierOf(price: Price, promptTokens: number): Omit<Price, "above"> {
  const { above } = price;
  return above !== undefined && promptTokens > above.promptTokens ? above.price : price;
}

/** Picodollars of `tokens`. */
function cost(tokens: number, dollarsPerMillion: number): number {
  return tokens * Math.round(dollarsPerMillion * picodollarsPerToken);
}

/** What a call cost, in US dollars. */
export function costOf(usage: Usage, price: Price): number {
  const { input, output, ...kinds } = tierOf(price, usage.promptTokens);
  const { cacheRead = input, cacheWrite = input, audioInput = input, audioOutput = output } = kinds;
  const { cacheWriteLong = cacheWrite } = kinds;
  const writtenLong = Math.min(usage.cacheWriteLongTokens, usage.cacheWriteTokens);
  const picodollars =
    cost(Math.max(0, uncachedTokensOf(usage) - usage.audioPromptTokens), input) +
    cost(usage.audioPromptTokens, audioInput) +
    cost(usage.cacheReadTokens, cacheRead) +
    cost(usage.cacheWriteTokens - writtenLong, cacheWrite) +
    cost(writtenLong, cacheWriteLong) +
    cost(Math.max(0, usage.completionTokens - usage.audioCompletionTokens), output) +
    cost(usage.audioCompletionTokens, audioOutput);
  return picodollars / picodollarsPerDollar;
}

/** What a call may be expected to cost before it is made. */
export function expectedCost(promptTokens: number, outputTokens: number, price: Price): number {
  const { input, output } = tierOf(price, promptTokens);
  return (cost(promptTokens, input) + cost(outputTokens, output)) / picodollarsPerDollar;
}
