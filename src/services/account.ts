/** What a response used: its price, and what is written of it into the record of its call. */

import { create } from "@bufbuild/protobuf";
import type { ChatCatalog } from "#catalog/chat-catalog.ts";
import { costOf } from "#chat/price.ts";
import { type Usage, UsageSchema } from "#gen/polygate/v1/conversation_pb.js";
import type { CallRecord } from "#observability/call-record.ts";
import type { GenAiCall } from "#observability/gen-ai.ts";
import type { Used } from "#pool/model-stats.ts";
import type { AttemptCall } from "#routing/dispatch.ts";

/** What a response was, once it has been read. */
export interface Answered {
  readonly model: string;
  readonly usage: Usage | undefined;
  /** Why it ended, as the short form has it; absent where that is not said. */
  readonly finishReason?: string;
}

/**
 * What a response used of which no more will come: as its provider reported so far, where that is more
 * than the tokens that the request is likely to be and those that were read.
 */
export function cutUsage(reported: Usage | undefined, prompt: number, written: number): Usage {
  const promptTokens = reported?.promptTokens || prompt;
  const completionTokens = Math.max(reported?.completionTokens ?? 0, written);
  const totalTokens = promptTokens + completionTokens;
  const counts = { promptTokens, completionTokens, totalTokens, estimated: true };
  return { ...(reported ?? create(UsageSchema)), ...counts };
}

/** Writes what was used into `record`. The price is that of the try that answered; 0 where no one knows one. */
export function account(
  { model, usage }: Answered,
  { pool, model: asked }: Pick<AttemptCall, "pool" | "model">,
  record: CallRecord,
  catalog: Pick<ChatCatalog, "priceOf">,
): Used {
  const price = catalog.priceOf(pool, asked);
  const cost = price === undefined || usage === undefined ? 0 : costOf(usage, price);
  record.model = model;
  record.promptTokens = usage?.promptTokens ?? 0;
  record.completionTokens = usage?.completionTokens ?? 0;
  record.cacheReadTokens = usage?.cacheReadTokens ?? 0;
  record.reasoningTokens = usage?.reasoningTokens ?? 0;
  record.cost = cost;
  return { tokens: usage?.totalTokens ?? 0, cost };
}

/** What metrics of models report of a response that is whole. */
export function seenOf(
  answered: Answered | undefined,
): Pick<GenAiCall, "responseModel" | "input" | "output"> {
  if (answered === undefined) return {};
  const { promptTokens: input, completionTokens: output } = answered.usage ?? {};
  return { responseModel: answered.model, input, output };
}
