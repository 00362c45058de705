/** Anthropic's POST /v1/messages/count_tokens, both sides. Pure. */

import { create } from "@bufbuild/protobuf";
import { type CountClient, type CountServer, fieldsOf } from "#dialects/count-dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { tokenCountOf } from "#dialects/token-count.ts";
import { CountTokensResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { readMessages } from "./request-reader.ts";
import { writeRequest } from "./request-writer.ts";

/** For clients of the gateway. */
export const anthropicCountServer: CountServer = {
  read: readMessages,
  write: ({ promptTokens }) => ({ input_tokens: promptTokens }),
};

/** All that the API takes for a count; more is refused there. */
const counted = [
  "model",
  "messages",
  "system",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
] as const;

/** For providers behind the gateway. */
export const anthropicCountClient: CountClient = {
  write(request, target) {
    // Nothing is written, so that neither the bound on it nor the role of the last turn matters.
    const facts = { ...target.facts, prefill: true, outputTokensMax: Number.MAX_SAFE_INTEGER };
    const { body, dropped } = writeRequest(request, { ...target, facts });
    return { body: fieldsOf(body, counted), dropped };
  },
  read(body) {
    const promptTokens = tokenCountOf(new LooseObject(body).raw("input_tokens"));
    return create(CountTokensResponseSchema, { promptTokens });
  },
};
