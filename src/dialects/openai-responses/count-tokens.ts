/** OpenAI's POST /responses/input_tokens of providers behind the gateway. Pure. */

import { create } from "@bufbuild/protobuf";
import { type CountClient, fieldsOf } from "#dialects/count-dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { tokenCountOf } from "#dialects/token-count.ts";
import { CountTokensResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { writeRequest } from "./request-writer.ts";

/** All that the API takes for a count. */
const counted = [
  "model",
  "instructions",
  "input",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "reasoning",
  "text",
  "previous_response_id",
  "conversation",
] as const;

/** For providers behind the gateway. */
export const responsesCountClient: CountClient = {
  write(request, target) {
    const { body, dropped } = writeRequest(request, target);
    return { body: fieldsOf(body, counted), dropped };
  },
  read(body) {
    const promptTokens = tokenCountOf(new LooseObject(body).raw("input_tokens"));
    return create(CountTokensResponseSchema, { promptTokens });
  },
};
